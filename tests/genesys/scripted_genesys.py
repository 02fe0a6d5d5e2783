"""A small HTTP server that answers exactly what a test tells it to, and remembers what it was asked."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "the-client-secret"
CORRELATION_ID = "c0ffee00-1111-2222-3333-444455556666"


@dataclass
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    params: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """What to answer. `content_length` lies about the body's; None sends none and closes the connection at its end."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_length: int | None = -1
    reset: bool = False
    wait: threading.Event | None = None


def of_json(value: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(status, json.dumps(value).encode(), {"inin-correlation-id": CORRELATION_ID, **named})


def token(name: str = "token-1", life_s: float = 86_400) -> Reply:
    return of_json({"access_token": name, "token_type": "bearer", "expires_in": life_s})


def error(status: int, code: str = "some.code", message: str = "Jane Doe, +49 170 1234567", **headers: str) -> Reply:
    body = {
        "message": message,
        "code": code,
        "status": status,
        "contextId": CORRELATION_ID,
        "details": [],
        "errors": [],
    }
    return of_json(body, status, **headers)


@dataclass
class ScriptedGenesys:
    """`script` holds the replies to each path in turn; the last one is repeated. Unscripted: a token, or 404."""

    url: str
    script: dict[str, list[Reply | Callable[[Asked], Reply]]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def on(self, path: str, *replies: Reply | Callable[[Asked], Reply]) -> None:
        self.script[path] = list(replies)

    def requests_to(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path == path]

    def reply_to(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        replies = self.script.get(asked.path)
        if not replies:
            return token() if asked.path == "/oauth/token" else error(404, "not.found")
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        return reply if isinstance(reply, Reply) else reply(asked)


@contextmanager
def running_scripted_genesys() -> Iterator[ScriptedGenesys]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with lock:
                reply = genesys.reply_to(
                    Asked(self.command, parts.path, parse_qs(parts.query), dict(self.headers), body)
                )
            if reply.wait is not None:
                reply.wait.wait(10)
            if reply.reset:
                # SO_LINGER of zero: closing sends RST, not FIN.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.content_length is None:
                self.close_connection = True
            else:
                length = len(reply.body) if reply.content_length < 0 else reply.content_length
                self.send_header("Content-Length", str(length))
                self.close_connection = length != len(reply.body)
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = _answer  # noqa: N815  the library's names

        def log_message(self, *args: object) -> None:
            pass

        def finish(self) -> None:
            if self.connection.fileno() >= 0:
                super().finish()

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: object) -> None:
            """A client that hangs up is part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    genesys = ScriptedGenesys(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield genesys
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

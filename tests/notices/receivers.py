"""A webhook's server and a mail server, both real, both in this process, both able to fail."""

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    """What came. `refuse` is how many of the next are refused."""

    port: int
    documents: list[Any] = field(default_factory=list)
    refuse: int = 0
    refused: int = 0

    def refuses(self) -> bool:
        """Whether this one is refused."""
        if self.refuse > 0:
            self.refuse -= 1
            self.refused += 1
            return True
        return False


@contextmanager
def running_webhook() -> Iterator[Received]:
    """An HTTP server that keeps what is posted to it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            failing = received.refuses()
            if not failing:
                received.documents.append(json.loads(body))
            self.send_response(503 if failing else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received = Received(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield received
        server.shutdown()


@contextmanager
def running_mail_server() -> Iterator[Received]:
    """An SMTP server (RFC 5321) that keeps the messages it is given as text."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 here")
            while line := self.rfile.readline().decode().strip():
                verb = line.partition(" ")[0].upper()
                if verb == "DATA":
                    self._take()
                elif verb == "QUIT":
                    self._say("221 bye")
                    return
                elif verb == "MAIL" and received.refuses():
                    self._say("451 not now, anne@example.com")
                else:
                    self._say("250 yes")

        def _take(self) -> None:
            self._say("354 go on")
            lines = []
            while (line := self.rfile.readline().decode()) != ".\r\n":
                lines.append(line)
            received.documents.append("".join(lines))
            self._say("250 taken")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        received = Received(server.server_address[1])
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield received
        server.shutdown()

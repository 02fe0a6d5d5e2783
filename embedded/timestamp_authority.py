"""A timestamp authority (RFC 3161) on a free port of 127.0.0.1: the real `openssl ts`, with a CA made at its start."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

from embedded.processes import Child, start

_CONFIGURATION = """\
[tsa]
default_tsa = signing
[signing]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
[certificate]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[request]
distinguished_name = name
[name]
"""
_NEW_CERTIFICATE = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "3650"]


@dataclass(frozen=True)
class TimestampAuthority:
    """A running authority; `roots_file` holds its CA's certificate (PEM)."""

    child: Child
    url: str
    roots_file: Path


def has_openssl() -> bool:
    """Whether this machine can run one."""
    return shutil.which("openssl") is not None


@contextmanager
def running_timestamp_authority(folder: Path) -> Iterator[TimestampAuthority]:
    """Make a CA and run the server, everything in `folder`; stopped on leaving. Raises NotStarted."""
    folder.mkdir(parents=True, exist_ok=True)
    make_authority(folder)
    log = folder / "authority.log"
    log.unlink(missing_ok=True)
    child = start(
        "the timestamp authority", [sys.executable, "-m", "embedded.timestamp_authority", str(folder)], log=log
    )
    try:
        yield TimestampAuthority(child, child.wait_until(lambda: _address(log)), folder / "ca.pem")
    finally:
        child.stop()


def make_authority(folder: Path) -> None:
    """A CA's certificate (`ca.pem`), and below it one for timestamping alone (`tsa.pem`), with their keys."""
    configuration = folder / "openssl.cnf"
    configuration.write_text(_CONFIGURATION.format(folder=folder))
    (folder / "serial").write_text("01\n")

    def new_key(name: str, subject: str, extensions: str, *options: str | Path) -> None:
        files: list[str | Path] = ["-config", configuration, "-keyout", folder / f"{name}.key"]
        files += ["-out", folder / f"{name}.pem", *options]
        _openssl(*_NEW_CERTIFICATE, "-subj", subject, "-extensions", extensions, *files)

    new_key("ca", "/CN=Strongroom embedded timestamp CA", "authority")
    name = "/CN=Strongroom embedded timestamp authority"
    new_key("tsa", name, "certificate", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key")


def reply(folder: Path, question: bytes) -> bytes:
    """What `openssl ts -reply` answers to a question: a rejection too is an answer."""
    from_pipe_to_pipe = ("-queryfile", "/dev/stdin", "-out", "/dev/stdout")
    return _openssl("ts", "-reply", "-config", folder / "openssl.cnf", *from_pipe_to_pipe, given=question)


def _openssl(*arguments: str | Path, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=given, check=True, capture_output=True).stdout


def _address(log: Path) -> str | None:
    lines = log.read_text().splitlines(keepends=True)
    return next((line.strip() for line in lines if line.startswith("http://") and line.endswith("\n")), None)


def serve(folder: Path) -> None:
    """Answer questions over HTTP until stopped, one after the other: they share the file of serial numbers."""
    one_at_a_time = Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name the server looks for
            question = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with one_at_a_time:
                answer = reply(folder, question)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))

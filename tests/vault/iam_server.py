"""An S3 server that enforces IAM policies: ministack with AUTH on, and the condition keys of puts that it leaves out.

`python iam_server.py` serves on GATEWAY_PORT of BIND_HOST. What S3 checks besides, and ministack 1.5.33 does not: a put
with a lock needs s3:PutObjectRetention too. Callers whose user's name ends with `-with-mfa` used a second factor.
"""

import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from embedded.ports import start_on_free_port
from embedded.processes import Child, start

ROOT_KEY = "test"
"""Access key and secret of ministack's root caller, who may do everything."""


@contextmanager
def running_iam_server(log: Path) -> Iterator[str]:
    """Run the server and give its URL; stopped, and all it holds gone, on leaving. Raises NotStarted."""
    child, port = start_on_free_port(lambda port: _start(port, log), lambda _, port: _listens(port))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child.stop()


def _start(port: int, log: Path) -> Child:
    env = {
        "AUTH": "true",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "S3_PERSIST": "0",
        "SERVICES": "s3,iam,sts",
        "TMPDIR": str(log.parent),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    return start("the S3 server with IAM", [sys.executable, __file__], log=log, env=env)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _serve() -> None:
    from ministack.app import main  # noqa: PLC0415  only the child serves
    from ministack.core import iam_actions, iam_evaluator  # noqa: PLC0415

    context_of, tags_of, checks_of, keys_of = (
        iam_actions.s3_service_context,
        iam_actions.request_tag_context,
        iam_actions.s3_additional_checks,
        iam_evaluator._principal_keys,
    )

    def service_context(action: str, query: Any = None, path: str = "", headers: Any = None) -> dict[str, Any]:
        context: dict[str, Any] = context_of(action, query, path, headers)
        if action == "s3:PutObject":
            creates = "uploads" not in query and "partNumber" not in query
            context["s3:ObjectCreationOperation"] = str(creates).lower()
            if "if-none-match" in headers:
                context["s3:if-none-match"] = headers["if-none-match"]
        return context

    def request_tags(service: str, action: str, body: bytes, params: Any = None) -> dict[str, Any]:
        context: dict[str, Any] = tags_of(service, action, body, params)
        if service == "s3" and action.endswith(("PutObjectTagging", "PutObjectVersionTagging")):
            context["s3:requestobjecttagkeys"] = re.findall(r"<Key>(.*?)</Key>", body.decode())
        return context

    def additional_checks(method: str, path: str, headers: Any, body: bytes, query: Any) -> list[tuple[str, str]]:
        checks: list[tuple[str, str]] = checks_of(method, path, headers, body, query)
        if "x-amz-object-lock-mode" in headers:
            checks.append(("s3:PutObjectRetention", f"arn:aws:s3:::{path.lstrip('/')}"))
        return checks

    def principal_keys(credential: Any) -> dict[str, Any]:
        keys: dict[str, Any] = keys_of(credential)
        keys["aws:multifactorauthpresent"] = str(credential.principal_name.endswith("-with-mfa")).lower()
        return keys

    iam_actions.s3_service_context = service_context
    iam_actions.request_tag_context = request_tags
    iam_actions.s3_additional_checks = additional_checks
    iam_evaluator._principal_keys = principal_keys
    main()


if __name__ == "__main__":
    sys.argv = sys.argv[:1]
    _serve()

"""The API's description, OpenAPI 3.1: what each operation needs, and the problems any of them may answer with."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from web.problems import PROBLEM_JSON

_PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
    },
}
_ANSWERS = {
    "400": "The request is not as it must be.",
    "401": "Nobody is signed in, and no valid key was sent.",
    "403": "The right to this is missing, or the CSRF token.",
    "404": "There is nothing here, or nothing that you may see.",
    "405": "The method is not one of this path.",
    "413": "The body is too large.",
    "429": "Too many attempts; see Retry-After.",
    "500": "Something went wrong on our side.",
    "503": "Something the desk needs does not answer.",
}
_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})


def attach(app: FastAPI) -> None:
    """Describe the API so, once it is asked for."""
    described: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not described:
            described.update(_describe(app))
        return described

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to do it


def _describe(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, openapi_version="3.1.0", routes=app.routes)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {
        "apiKey": {"type": "http", "scheme": "bearer", "description": "A machine's key: `strongroom api-key add`."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "strongroom-session",
            "description": "A browser's session; by https the name begins with `__Host-`. What changes something "
            "needs the header X-CSRF-Token as well.",
        },
    }
    document["security"] = [{"apiKey": []}, {"session": []}]
    for path in document.get("paths", {}).values():
        for method, operation in path.items():
            if method in _METHODS:
                _tell_problems(operation["responses"])
    return document


def _tell_problems(responses: dict[str, Any]) -> None:
    # what does not hold is answered with 400
    responses.pop("422", None)
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, description in _ANSWERS.items():
        responses.setdefault(status, {"description": description, "content": content})

"""How Genesys says no: JSON with message, code, status, contextId, details and errors."""

from typing import Any


class ApiError(Exception):
    """An answer that is an error; `code` is Genesys's dotted word for it."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def body(self, context_id: str) -> dict[str, Any]:
        """The error as JSON; `context_id` is the answer's correlation id."""
        return {
            "message": self.message,
            "code": self.code,
            "status": self.status,
            "contextId": context_id,
            "details": [],
            "errors": [],
        }


class LoginError(Exception):
    """The login server's own form: error, description, error_description."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description

    def body(self) -> dict[str, str]:
        """The error as JSON."""
        return {"error": self.error, "description": self.description, "error_description": self.description}


def bad_request(message: str) -> ApiError:
    """400: the request itself is wrong."""
    return ApiError(400, "bad.request", message)


def not_found(message: str) -> ApiError:
    """404: there is no such thing."""
    return ApiError(404, "not.found", message)

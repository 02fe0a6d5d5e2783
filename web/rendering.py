"""Pages from templates. Each template has `principal` (None: nobody is signed in), `csrf_token`, `trial`, `path`."""

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from web.desk import desk_of


def render(request: Request, template: str, *, status_code: int = 200, **context: Any) -> HTMLResponse:
    """One page; `context` is what the template is about."""
    desk = desk_of(request)
    common = {
        "principal": getattr(request.state, "principal", None),
        "csrf_token": getattr(request.state, "csrf_token", ""),
        "trial": desk.settings.trial,
        "path": request.url.path,
    }
    return HTMLResponse(desk.templates.get_template(template).render(common | context), status_code=status_code)

"""JSON below `/api/v1`, one module a subject; each has a `router`, named in web/app.py."""

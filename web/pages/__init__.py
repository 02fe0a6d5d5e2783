"""HTML pages, one module a page; each has a `router`, named in web/app.py."""

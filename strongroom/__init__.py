"""The archive itself: no Celery, no web framework, no terminal in here."""

__version__ = "0.1.0"
"""Written into every object as `pipeline-version`."""

"""Celery tasks, one module a pipeline step: load ids, call strongroom, schedule what is next."""

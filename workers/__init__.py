"""The processes: the Celery app of a worker and of Beat, their start-up and shutdown."""

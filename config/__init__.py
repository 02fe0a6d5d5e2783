"""What an operator sets: typed settings, Celery settings, the retention policy."""

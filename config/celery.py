"""How the fleet's messages travel: Celery's settings, for every process the same."""

from typing import Any

from config.settings import Settings

BULK = "bulk"
"""The night's fan-out: a message a recording, and a message a conversation that no batch takes."""
CONTROL = "control"
"""Short work that the bulk must not starve: enumerating, completing, sweeping. It has workers of its own."""
SWEEP = "sweep"
"""Sweep and feed alone, taken in turn with the control queue by the same workers: a long queue must not hide them."""

RESTORE = "restore"
"""What Legal waits for, with workers of its own: neither a night's fan-out nor a long reading delays it."""

RECORDS = "records"
"""What changes holds in the store: its workers alone have the records manager's credentials."""

QUEUE_OF_TASK = {
    "apply_hold": RECORDS,
    "apply_holds": RECORDS,
    "archive_conversation": BULK,
    "archive_recording": BULK,
    "capture_recent": CONTROL,
    "check_vault": CONTROL,
    "complete_conversation": CONTROL,
    "draw_up_disposition": CONTROL,
    "enumerate_day": CONTROL,
    "feed": SWEEP,
    "follow_batch": CONTROL,
    "follow_restore": RESTORE,
    "follow_restores": RESTORE,
    "gather_batch": CONTROL,
    "index_conversation": BULK,
    "keep_evidence": CONTROL,
    "look_through": RECORDS,
    "prepare_request": RESTORE,
    "prepare_requests": RESTORE,
    "read_activity": CONTROL,
    "read_backfill": CONTROL,
    "seal": CONTROL,
    "send_notices": CONTROL,
    "sweep": SWEEP,
    "verify_share": CONTROL,
}

QUEUES = tuple(sorted(set(QUEUE_OF_TASK.values())))
"""Every queue that there is."""

VISIBILITY_TIMEOUT_S = 3_600
TASK_TIME_LIMIT_S = 3_300
"""Below the visibility timeout: a task that ran longer would be started a second time beside the first."""
READING_TIME_LIMIT_S = 12 * 3_600
"""For reading a whole day: a second message beside it finds the lease held, and does nothing."""


def celery_settings(settings: Settings) -> dict[str, Any]:
    """Settings for a Celery app. JSON only, no results, acknowledged late, one message at a time."""
    return {
        "broker_url": settings.redis_url.get_secret_value(),
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "visibility_timeout": VISIBILITY_TIMEOUT_S,
            "socket_connect_timeout": settings.connect_timeout_s,
            "socket_timeout": settings.read_timeout_s,
            "socket_keepalive": True,
        },
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_time_limit": TASK_TIME_LIMIT_S,
        "task_soft_time_limit": TASK_TIME_LIMIT_S - 300,
        "task_routes": {task: {"queue": queue} for task, queue in QUEUE_OF_TASK.items()},
        "task_default_queue": CONTROL,
        "task_send_sent_event": True,
        "worker_prefetch_multiplier": 1,
        "worker_send_task_events": True,
        "worker_hijack_root_logger": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_soft_shutdown_timeout": 20.0,
        "timezone": "UTC",
        "enable_utc": True,
    }

"""Task: make the store agree with the matters that hold one conversation."""

from uuid import UUID

from celery import Task, shared_task

from strongroom.legal.holding import apply_hold as apply


@shared_task(bind=True, name="apply_hold")  # type: ignore[untyped-decorator]
def apply_hold(self: Task, conversation_id: str) -> None:
    """Apply or lift a conversation's legal hold; what is due after this is found by `apply_holds`."""
    apply(self.app.house, UUID(conversation_id))

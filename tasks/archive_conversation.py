"""Task: classify one conversation and fan out its recordings."""

from celery import Task, shared_task

from strongroom.ledger.references import ConversationRef
from strongroom.pipeline.capture import archive_conversation as capture
from tasks.following import send_next


@shared_task(bind=True, name="archive_conversation")  # type: ignore[untyped-decorator]
def archive_conversation(self: Task, conversation_id: str, revision: int) -> None:
    """Capture one revision of a conversation."""
    following = capture(self.app.house, ConversationRef.parse(conversation_id, revision))
    send_next(self.app, following)

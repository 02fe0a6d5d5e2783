"""Task: write a conversation's manifest, once its last recording has settled."""

from celery import Task, shared_task

from strongroom.ledger.references import ConversationRef
from strongroom.pipeline.complete import complete_conversation as complete
from tasks.following import send_next


@shared_task(bind=True, name="complete_conversation")  # type: ignore[untyped-decorator]
def complete_conversation(self: Task, conversation_id: str, revision: int) -> None:
    """Complete one revision of a conversation."""
    following = complete(self.app.house, ConversationRef.parse(conversation_id, revision))
    send_next(self.app, following)

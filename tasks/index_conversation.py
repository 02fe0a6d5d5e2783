"""Task: put an archived conversation into the search, where completing it did not get so far."""

from celery import Task, shared_task

from strongroom.ledger.references import ConversationRef
from strongroom.pipeline.indexing import index_conversation as index


@shared_task(bind=True, name="index_conversation")  # type: ignore[untyped-decorator]
def index_conversation(self: Task, conversation_id: str, revision: int) -> None:
    """Index one revision of a conversation."""
    index(self.app.house, ConversationRef.parse(conversation_id, revision))

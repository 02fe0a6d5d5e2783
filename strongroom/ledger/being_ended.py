"""Which revisions a list is ending just now: the state `ending` alone is nobody's word for it."""

from sqlalchemy import ColumnElement, FromClause, and_, exists

from strongroom.ledger.ending_schema import ending_records, endings
from strongroom.ledger.schema import conversations

_UNDER_WAY = ("deleting", "deleted", "certified")


def being_ended(revisions: FromClause = conversations) -> ColumnElement[bool]:
    """The condition that a revision is ending, on a list that was approved and has begun with it.

    Whoever passes over what is ending asks for this: a row that says no more than `ending` is looked at like the rest.
    """
    on_its_list = exists().where(
        ending_records.c.conversation_id == revisions.c.conversation_id,
        ending_records.c.state.in_(_UNDER_WAY),
        ending_records.c.ending_id == endings.c.ending_id,
        endings.c.state == "approved",
    )
    return and_(revisions.c.state == "ending", on_its_list)

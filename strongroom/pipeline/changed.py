"""Records that changed since they were archived: a late wrap-up code, a survey, a segment. Each becomes a revision."""

from collections.abc import Sequence

from strongroom.genesys.record_facts import same_facts
from strongroom.house import House
from strongroom.ledger.changed_records import OnceMore, known_records, open_once_more
from strongroom.ledger.discovering import Found
from strongroom.ledger.references import ConversationRef

CAUSE = "its record changed since"


def record_changed(house: House, found: Sequence[Found]) -> list[ConversationRef]:
    """Open a revision of each conversation whose record says something else than the ledger's; the new ones.

    Only of those with the end that the ledger has: another end is for `discover`. The same record again, in whatever
    order the vendor gives it, is no change.
    """
    known = known_records(house.engine, [one.conversation_id for one in found])
    changed = {
        one.conversation_id: OnceMore(held.ref, CAUSE, one.record)
        for one in found
        if (held := known.get(one.conversation_id)) is not None
        and held.conversation_end == one.conversation_end
        and not same_facts(held.record, one.record)
    }
    return open_once_more(house.engine, list(changed.values()), deadline_s=house.settings.retry_deadline_s)

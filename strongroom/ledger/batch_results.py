"""What batches gave: links to recordings, kept until the recording has settled. A link is a secret."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from strongroom.errors import StrongroomError
from strongroom.ledger import leases
from strongroom.ledger.batch_schema import batch_results, batches
from strongroom.ledger.conversations import ExpectedRecording, expect_recordings
from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.references import ConversationRef, RecordingRef
from strongroom.ledger.schema import OPEN_RECORDING_STATES, conversations, recordings


class MoreResults(StrongroomError):
    """A batch gave more of this recording than what was stored of it: it is not whole yet."""


@dataclass(frozen=True)
class Link:
    """One result of a recording. `url` is a bearer secret, None where Genesys gave an error instead."""

    identity: str
    url: str | None
    content_type: str | None


@dataclass(frozen=True)
class FoundRecording:
    """A recording as a batch gives it: its results so far, each once, in the order in which they came."""

    expected: ExpectedRecording
    links: tuple[Link, ...]


def record_results(
    engine: Engine,
    batch_id: int,
    found: Mapping[ConversationRef, Sequence[FoundRecording]],
    *,
    deadline_s: float,
) -> list[RecordingRef]:
    """Keep what a batch has given so far; the recordings that are to be fetched because of it.

    Telling the same again changes nothing. A recording that was stored before another result of it came is to be
    fetched further: no manifest can be written before the batch is over. The rows of the conversations are locked
    first, as settling a recording does.
    """
    to_fetch: list[RecordingRef] = []
    with transaction(engine) as connection:
        waiting = [
            ConversationRef(*row)
            for row in connection.execute(
                select(conversations.c.conversation_id, conversations.c.revision)
                .where(
                    conversations.c.batch_id == batch_id,
                    conversations.c.awaits == "batch",
                    tuple_(conversations.c.conversation_id, conversations.c.revision).in_(
                        [tuple(ref) for ref in found]
                    ),
                )
                .order_by(conversations.c.conversation_id)
                .with_for_update()
            )
        ]
        known = _known(connection, waiting)
        for ref in waiting:
            new = [one for one in found[ref] if RecordingRef(*ref, one.expected.recording_id) not in known]
            if new:
                to_fetch += expect_recordings(connection, ref, [one.expected for one in new], deadline_s)
            for one in found[ref]:
                recording = RecordingRef(*ref, one.expected.recording_id)
                if _keep(connection, batch_id, recording, one.links, known.get(recording)):
                    to_fetch.append(recording)
    return to_fetch


def results_of(engine: Engine, ref: RecordingRef) -> tuple[Link, ...]:
    """The links to a recording's parts, in their order; none where no batch gave it, or they are of no use any more."""
    with transaction(engine) as connection:
        return links_of(connection, ref)


def links_of(connection: Connection, ref: RecordingRef) -> tuple[Link, ...]:
    """As `results_of`, within a transaction."""
    statement = select(batch_results.c.results).where(leases.identified(batch_results, ref._asdict()))
    return _links(connection.scalar(statement))


def forget_results(engine: Engine, ref: RecordingRef) -> None:
    """The links to a recording are of no use: from now on it is asked for by itself."""
    statement = (
        update(batch_results)
        .where(leases.identified(batch_results, ref._asdict()), batch_results.c.results.is_not(None))
        .values(results=None)
    )
    with transaction(engine) as connection:
        connection.execute(statement)


def erase_when_over(connection: Connection, ref: RecordingRef) -> None:
    """Erase a settled recording's links, which are secrets, unless its batch still works: it may give another part."""
    over = select(batches.c.batch_id).where(batches.c.state != "submitted")
    connection.execute(
        update(batch_results)
        .where(leases.identified(batch_results, ref._asdict()), batch_results.c.batch_id.in_(over))
        .values(results=None)
    )


def require_all(connection: Connection, ref: RecordingRef, stored_from: int) -> None:
    """Raises MoreResults when there are by now more results than those a recording was stored from.

    Also when they count for nothing any more, because the batch was given up before it had told all.
    """
    statement = select(batch_results.c.result_count, batch_results.c.results).where(
        leases.identified(batch_results, ref._asdict())
    )
    row = connection.execute(statement).one_or_none()
    if row is None or row.results is None or row.result_count > stored_from:
        raise MoreResults("it may have more parts than were stored", where=str(ref), todo="nothing: they are asked for")


def _known(connection: Connection, refs: Sequence[ConversationRef]) -> dict[RecordingRef, RowMapping]:
    if not refs:
        return {}
    statement = (
        select(
            recordings.c.conversation_id,
            recordings.c.revision,
            recordings.c.recording_id,
            recordings.c.state,
            recordings.c.lease_owner,
            batch_results.c.batch_id,
            batch_results.c.result_count,
            batch_results.c.results,
        )
        .join_from(
            recordings,
            batch_results,
            (recordings.c.conversation_id == batch_results.c.conversation_id)
            & (recordings.c.revision == batch_results.c.revision)
            & (recordings.c.recording_id == batch_results.c.recording_id),
            isouter=True,
        )
        .where(tuple_(recordings.c.conversation_id, recordings.c.revision).in_([tuple(ref) for ref in refs]))
    )
    found = connection.execute(statement).mappings()
    return {RecordingRef(row["conversation_id"], row["revision"], row["recording_id"]): row for row in found}


def _keep(
    connection: Connection, batch_id: int, ref: RecordingRef, links: Sequence[Link], known: RowMapping | None
) -> bool:
    """Keep a recording's links where they tell anything new; whether a recording known before must be fetched."""
    told = 0
    if known is not None and known["result_count"] is not None:
        told = known["result_count"]
        same_batch = known["batch_id"] == batch_id
        if same_batch:
            links = _merged(_links(known["results"]), links)
        is_open = known["state"] in OPEN_RECORDING_STATES
        # another batch's links are fresh, and of use while the recording is not there
        if len(links) <= told and (same_batch or not is_open):
            return False
    values: dict[str, Any] = {
        "batch_id": batch_id,
        "result_count": max(len(links), told),
        "results": [{"identity": one.identity, "url": one.url, "contentType": one.content_type} for one in links],
    }
    statement = postgresql_insert(batch_results).values(**ref._asdict(), **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(batch_results.primary_key.columns), set_=values)
    )
    if known is None:
        return False
    # one in review or absent was decided from what Genesys said of it
    return _fetch_further(connection, ref) if len(links) > told else False


def _fetch_further(connection: Connection, ref: RecordingRef) -> bool:
    """Make a recording due; False where somebody works on it, who will see that there is more before it settles."""
    now = func.clock_timestamp()
    statement = (
        update(recordings)
        .where(
            leases.identified(recordings, ref._asdict()),
            recordings.c.state.in_((*OPEN_RECORDING_STATES, "stored")),
            leases.free(recordings),
        )
        .values(state="waiting", state_at=now, cause="another part of it is there", due_at=now, enqueued_at=now)
    )
    return connection.execute(statement).rowcount == 1


def _merged(before: Sequence[Link], now: Sequence[Link]) -> tuple[Link, ...]:
    """The parts keep their places, whatever order they are told in; fresh links take the place of old ones."""
    fresh = {one.identity: one for one in now}
    kept = [fresh.pop(one.identity, one) for one in before]
    return (*kept, *(one for one in now if one.identity in fresh))


def _links(results: Any) -> tuple[Link, ...]:
    return tuple(Link(one["identity"], one["url"], one["contentType"]) for one in results or ())

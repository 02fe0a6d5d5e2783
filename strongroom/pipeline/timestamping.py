"""Asking the timestamp authority for what has no timestamp yet, and keeping its answers beside the checkpoints."""

from cryptography.x509 import Certificate

from strongroom.errors import Misconfigured
from strongroom.evidence.timestamps import (
    MOST_BYTES,
    Timestamp,
    TimestampRefused,
    load_roots,
    timestamp_question,
    verify_answer,
    verify_timestamp,
)
from strongroom.house import House
from strongroom.ledger.checkpoints import (
    CheckpointRow,
    find_checkpoint,
    previous_size,
    record_timestamp,
    record_timestamp_stored,
    timestamp_failed,
    without_timestamp,
)
from strongroom.pipeline.evidence_store import store_evidence
from strongroom.times import utc_now
from strongroom.timestamp_authority import AuthorityRefuses, AuthorityUnreachable, ask_authority
from strongroom.vault.evidence_keys import timestamp_chain_key, timestamp_key
from strongroom.vault.listing import listed_below, read_whole

_NOT_HAD = (AuthorityUnreachable, AuthorityRefuses, TimestampRefused, Misconfigured)


def timestamp_checkpoints(house: House) -> int:
    """Timestamp the checkpoints that have no timestamp, oldest first, until one can't be had; how many have one now.

    Why one can't be had is on its row, and nothing is raised for it: the log is sealed all the same, and the authority
    is asked again. Raises the vault's and the ledger's errors.
    """
    url = house.settings.timestamp_url
    if url is None:
        return 0
    timestamped = 0
    for checkpoint in without_timestamp(house.engine):
        if checkpoint.timestamp_token is None:
            try:
                timestamp = _standing(house, checkpoint) or _asked(house, url, checkpoint)
            except _NOT_HAD as error:
                timestamp_failed(house.engine, checkpoint.size, str(error))
                break
            record_timestamp(house.engine, checkpoint.size, timestamp.response, timestamp.chain, timestamp.at)
        _store(house, checkpoint.size)
        timestamped += 1
    return timestamped


def timestamp_roots(house: House) -> list[Certificate]:
    """The certificates that timestamps are verified against. Raises Misconfigured when they can't be read."""
    path = house.settings.timestamp_roots_file
    if path is None:
        raise Misconfigured(
            "no root certificate is named that a timestamp could be verified against",
            where="STRONGROOM_TIMESTAMP_ROOTS_FILE",
            todo="name a file with the timestamp authority's root certificate in PEM form",
        )
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise Misconfigured(
            f"the root certificates can't be read: {error.strerror}",
            where=str(path),
            todo="correct STRONGROOM_TIMESTAMP_ROOTS_FILE",
        ) from error
    return load_roots(pem, str(path))


def _asked(house: House, url: str, checkpoint: CheckpointRow) -> Timestamp:
    note, settings = checkpoint.note.encode(), house.settings
    question = timestamp_question(note)
    answer = ask_authority(
        url,
        question.der,
        connect_timeout_s=settings.connect_timeout_s,
        read_timeout_s=settings.read_timeout_s,
        most_bytes=MOST_BYTES,
    )
    return verify_answer(answer, question, note, timestamp_roots(house), utc_now())


def _standing(house: House, checkpoint: CheckpointRow) -> Timestamp | None:
    """What stands in the vault already, where the ledger was restored from before it was put there."""
    key = timestamp_key(checkpoint.size)
    for listed in listed_below(house.store, key):
        return verify_timestamp(read_whole(house.store, listed), checkpoint.note.encode(), timestamp_roots(house))
    return None


def _store(house: House, size: int) -> None:
    """Put the committed timestamp: where two asked at once, the one that was committed first."""
    committed = find_checkpoint(house.engine, size)
    if committed is None or committed.timestamp_token is None or committed.timestamp_chain is None:
        raise AssertionError(f"the checkpoint of {size} leaves has no timestamp to store")
    first = previous_size(house.engine, size)
    for key, body, content_type in (
        (timestamp_key(size), committed.timestamp_token, "application/timestamp-reply"),
        (timestamp_chain_key(size), committed.timestamp_chain.encode(), "application/x-pem-file"),
    ):
        store_evidence(house, "timestamp", key, body, content_type=content_type, first_leaf=first, last_leaf=size - 1)
    record_timestamp_stored(house.engine, size)

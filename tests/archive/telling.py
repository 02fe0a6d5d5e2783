"""What a record tells of people, its numbers, addresses, names and sentences; and all that Redis holds."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import redis
from archives import Archive

_ADDRESS_FIELDS = frozenset({"ani", "dnis", "sessionDnis", "addressFrom", "addressTo", "addressSelf", "addressOther"})
_NAME_FIELDS = frozenset({"participantName", "name", "nickname", "displayName"})
_TEXT_FIELDS = frozenset({"body", "messageText", "textBody", "htmlBody", "subject"})
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
_SHORTEST = 6
"""What is shorter stands in a log by chance."""


def people_of(archive: Archive, conversation_ids: Sequence[UUID] | None = None) -> Iterator[str]:
    """Every number, address and name of these records, or of all, and every sentence of their transcripts."""
    of_these = "(CAST(:ids AS uuid[]) IS NULL OR conversation_id = ANY(:ids))"
    ids = None if conversation_ids is None else list(conversation_ids)
    for (record,) in archive.rows(f"SELECT record FROM conversations WHERE {of_these}", ids=ids):
        yield from _values(record, _ADDRESS_FIELDS | _NAME_FIELDS)
    texts = archive.rows(
        "SELECT key, version_id FROM objects"
        f" WHERE recording_id IS NOT NULL AND content_type = 'application/json' AND {of_these}",
        ids=ids,
    )
    for key, version_id in texts:
        document = json.loads(b"".join(archive.house.store.read(key, version_id)))
        yield from _values(document, _ADDRESS_FIELDS | _TEXT_FIELDS)


def _values(node: Any, fields: frozenset[str]) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _values(each, fields)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in fields and isinstance(value, str) and len(value.strip()) >= _SHORTEST:
                yield value.strip()
            yield from _values(value, fields)


def everything_in_redis(archive: Archive) -> str:
    """Every key in Redis with all it holds."""
    with redis.Redis.from_url(archive.environment["STRONGROOM_REDIS_URL"]) as client:
        dumped = [(key, _held(client, key)) for key in client.scan_iter()]
    told = "\n".join(f"{key!r} {held!r}" for key, held in dumped)
    # Celery's messages have their arguments in base64
    return told + "".join(f"\n{b64decode(run)!r}" for run in _BASE64.findall(told) if len(run) % 4 == 0)


def _held(client: redis.Redis, key: bytes) -> object:
    match client.type(key):
        case b"list":
            return client.lrange(key, 0, -1)
        case b"hash":
            return client.hgetall(key)
        case b"set":
            return client.smembers(key)
        case b"zset":
            return client.zrange(key, 0, -1, withscores=True)
        case _:
            return client.dump(key)

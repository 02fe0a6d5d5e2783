"""What was archived lately, by class, kind and size."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from ledger_material import rows

from strongroom.ledger.engine import Engine
from strongroom.ledger.schema import conversations, objects
from strongroom.ledger.volume import BUCKET_EDGES_BYTES, Volume, VolumeRow, archived_volume

DAY = date(2025, 5, 14)
KIB = 1024


def archive_of(
    engine: Engine, day: date, retention_class: str | None, parts: dict[str, tuple[str | None, int]]
) -> None:
    """A conversation of a day whose parts (part: recording id, size) stand in the vault."""
    conversation_id = uuid4()
    end = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    of_conversation = {"conversation_id": conversation_id, "revision": 1}
    with engine.begin() as connection:
        connection.execute(
            conversations.insert().values(
                **of_conversation,
                day=day,
                conversation_start=end,
                conversation_end=end,
                record={},
                state="archived",
                cause="as a test has it",
                deadline_at=end,
                retention_class=retention_class,
            )
        )
        for part, (recording_id, size_bytes) in parts.items():
            connection.execute(
                objects.insert().values(
                    **of_conversation,
                    recording_id=recording_id,
                    part=part,
                    key=f"archive/{conversation_id}/{part}",
                    size_bytes=size_bytes,
                    sha256="0" * 64,
                    content_type="audio/ogg",
                    lock_mode="COMPLIANCE",
                    retain_until=end,
                    version_id="1",
                    adopted=False,
                    under_delete_marker=False,
                )
            )


def test_an_empty_ledger_has_no_volume(engine: Engine) -> None:
    assert archived_volume(engine, DAY, DAY) is None


def test_a_conversation_without_objects_is_no_volume(engine: Engine) -> None:
    archive_of(engine, DAY, "email", {})
    assert archived_volume(engine, DAY, DAY) is None


def test_objects_are_counted_by_class_kind_and_size(engine: Engine) -> None:
    archive_of(engine, DAY, "email", {"manifest": (None, 5 * KIB), "a": ("r1", 3 * KIB), "b": ("r2", 3 * KIB + 1)})
    archive_of(engine, DAY + timedelta(days=3), "voice", {"a": ("r1", 2 * 1024 * KIB), "manifest": (None, 6 * KIB)})
    assert archived_volume(engine, DAY - timedelta(days=30), DAY + timedelta(days=30)) == Volume(
        first_day=DAY,
        last_day=DAY + timedelta(days=3),
        conversations=2,
        rows=(
            VolumeRow("email", "document", 1, 1, 5 * KIB),
            VolumeRow("email", "media", 0, 2, 6 * KIB + 1),
            VolumeRow("voice", "document", 1, 1, 6 * KIB),
            VolumeRow("voice", "media", 14, 1, 2 * 1024 * KIB),
        ),
    )


def test_only_the_days_asked_for_count_first_and_last_included(engine: Engine) -> None:
    for offset in (-1, 0, 1, 2):
        archive_of(engine, DAY + timedelta(days=offset), "email", {"a": ("r", 100)})
    volume = archived_volume(engine, DAY, DAY + timedelta(days=1))
    assert volume is not None
    assert (volume.first_day, volume.last_day, volume.days) == (DAY, DAY + timedelta(days=1), 2)
    assert (volume.conversations, volume.rows[0].objects) == (2, 2)


@pytest.mark.parametrize(("size_bytes", "bucket"), [(0, 0), (4 * KIB - 1, 0), (4 * KIB, 1), (2**40, 19)])
def test_a_bucket_begins_at_its_edge(engine: Engine, size_bytes: int, bucket: int) -> None:
    archive_of(engine, DAY, "email", {"a": ("r", size_bytes)})
    volume = archived_volume(engine, DAY, DAY)
    assert volume is not None
    assert [row.bucket for row in volume.rows] == [bucket]
    assert bucket <= len(BUCKET_EDGES_BYTES)


def test_it_only_reads(engine: Engine) -> None:
    archive_of(engine, DAY, "email", {"a": ("r", 100)})
    before = rows(engine, "SELECT xmin, * FROM objects"), rows(engine, "SELECT xmin::text, state FROM conversations")
    archived_volume(engine, DAY, DAY)
    assert before == (
        rows(engine, "SELECT xmin, * FROM objects"),
        rows(engine, "SELECT xmin::text, state FROM conversations"),
    )

"""The manifests of a conversation that stand in the vault, and where each is in the log."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from strongroom.ledger.engine import Engine, transaction
from strongroom.ledger.schema import objects

_MANIFEST = "manifest"


@dataclass(frozen=True)
class SealedManifest:
    """A revision's manifest. `leaf_index` is None until it has been appended to the log."""

    conversation_id: UUID
    revision: int
    key: str
    version_id: str
    size_bytes: int
    sha256: str
    leaf_index: int | None


def manifests_of(engine: Engine, conversation_id: UUID) -> list[SealedManifest]:
    """The manifests of every archived revision, the first first. Raises LedgerUnreachable."""
    columns = [objects.c[name] for name in SealedManifest.__dataclass_fields__]
    statement = (
        select(*columns)
        .where(objects.c.conversation_id == conversation_id, objects.c.part == _MANIFEST)
        .order_by(objects.c.revision)
    )
    with transaction(engine) as connection:
        return [SealedManifest(*row) for row in connection.execute(statement)]

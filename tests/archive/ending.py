"""An archive whose time is over: the ledger's dates and the store's locks moved, and lists carried out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import boto3
from archives import Archive
from sqlalchemy import text

from embedded.isolation import AWS_ENVIRONMENT
from strongroom.house import House
from strongroom.legal import disposition, endings, erasure
from strongroom.legal.access import Principal, Role
from strongroom.legal.carrying_out import CarriedOut, carry_out
from strongroom.legal.endings import Ending, EndingList
from strongroom.times import utc_now
from strongroom.vault.store import Store


def person(name: str, *roles: str) -> Principal:
    """Somebody of all divisions."""
    return Principal(name, frozenset(map(Role, roles)), None, "192.0.2.9")


RITA = person("rita", "records-manager")
RON = person("ron", "records-manager")
EVE = person("eve", "approver")
ANNE = person("anne", "analyst")


@dataclass(frozen=True)
class Life:
    """The end of an archive's records, whatever their kind of list."""

    archive: Archive

    @property
    def house(self) -> House:
        """What it works with."""
        return self.archive.house

    @property
    def store(self) -> Store:
        """The bucket, for whoever may delete: here the stand-in asks for no role, and the locks alone decide."""
        return self.archive.house.store

    def conversations(self, *classes: str) -> list[UUID]:
        """Those that are archived, of these classes or of all, by id."""
        rows = self.archive.rows(
            "SELECT DISTINCT conversation_id, retention_class FROM conversations WHERE state = 'archived' ORDER BY 1"
        )
        return [row.conversation_id for row in rows if not classes or row.retention_class in classes]

    def expire(self, conversation_ids: Iterable[UUID]) -> None:
        """Let the retention of these run out: in the ledger, and each lock in the store behind the proxy.

        S3 takes no date that is past; the stand-in does, which is as if its clock had gone on.
        """
        # the store keeps whole seconds
        over = utc_now().replace(microsecond=0) - timedelta(seconds=2)
        client = boto3.client(
            "s3",
            endpoint_url=self.archive.s3_endpoint,
            region_name="us-east-1",
            aws_access_key_id=AWS_ENVIRONMENT["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=AWS_ENVIRONMENT["AWS_SECRET_ACCESS_KEY"],
        )
        for one in conversation_ids:
            with self.archive.engine.begin() as connection:
                for table in ("conversations", "objects"):
                    statement = f"UPDATE {table} SET retain_until = :over WHERE conversation_id = :one"
                    connection.execute(text(statement), {"over": over, "one": one})
            for row in self.archive.rows("SELECT key, version_id FROM objects WHERE conversation_id = :one", one=one):
                client.put_object_retention(
                    Bucket=self.archive.bucket,
                    Key=row.key,
                    VersionId=row.version_id,
                    Retention={"Mode": "GOVERNANCE", "RetainUntilDate": over},
                    BypassGovernanceRetention=True,
                )

    def standing(self, conversation_id: UUID) -> list[str]:
        """Every version and marker below a conversation's folders, as the store lists them."""
        found = []
        client = self.archive.house.store.patient
        for page in client.get_paginator("list_object_versions").paginate(
            Bucket=self.archive.bucket, Prefix="archive/"
        ):
            both = (*page.get("Versions", []), *page.get("DeleteMarkers", []))
            found += [one["Key"] for one in both if str(conversation_id) in one["Key"]]
        return found

    def disposition(self) -> EndingList:
        """A list of what may go now, approved by two."""
        return self.approved(disposition.KIND, disposition.draw_up(self.house, RITA))

    def erasure(self, reference: str, **whose: object) -> EndingList:
        """An erasure, approved by two."""
        return self.approved(erasure.KIND, erasure.assess(self.house, RITA, reference, **whose))

    def approved(self, kind: str, made: Ending) -> EndingList:
        """A list, proposed by one and approved by another."""
        endings.propose(self.house, RITA, kind, made.ending_id)
        return endings.approve(self.house, EVE, kind, made.ending_id)

    def run(self, kind: str, ending_id: int, house: House | None = None, who: Principal = RON) -> CarriedOut:
        """Carry a list out in this process."""
        return carry_out(house or self.house, who, kind, ending_id, self.store, lambda done: None)

    def read(self, kind: str, ending_id: int) -> EndingList:
        """A list as it stands."""
        return endings.read(self.house, RITA, kind, ending_id)

    def states(self, kind: str, ending_id: int) -> dict[UUID, str]:
        """The state of each record of a list."""
        found = endings.records(self.house, RITA, kind, ending_id, limit=1_000)
        return {one.conversation_id: one.state for one in found}

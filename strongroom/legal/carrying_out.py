"""Carrying an approved list out: the objects go, a certificate says so, and the ledger forgets.

Cut off anywhere it is simply run again. Deleting is done by a role of its own, through a profile of the AWS
configuration: the records manager's for disposition, break-glass for erasure. The rest is this process's own.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from strongroom.errors import Misconfigured
from strongroom.evidence.certificates import (
    Certificate,
    EndedObject,
    EndedRecord,
    EndedRevision,
    ended_words,
)
from strongroom.house import House, open_bucket
from strongroom.ledger import ending_steps as steps
from strongroom.ledger.custody import NewEvent
from strongroom.ledger.ending_steps import Judge
from strongroom.ledger.endings import Ending, find_ending
from strongroom.ledger.standing_records import StandingRecord, StandingRevision, standing_of
from strongroom.legal import disposition, erasure
from strongroom.legal.access import Principal, Right
from strongroom.legal.bundling import forget_bundles
from strongroom.legal.endings import require_undivided
from strongroom.legal.errors import NotNow
from strongroom.pipeline.evidence_store import store_evidence
from strongroom.pipeline.learn_certificates import CERTIFICATE_KIND
from strongroom.times import utc_now
from strongroom.vault.deletion import DeletableVersion, delete_version, look_at, versions_below
from strongroom.vault.errors import VaultRefused
from strongroom.vault.evidence_keys import certificate_key
from strongroom.vault.keys import revision_of
from strongroom.vault.lock import LockMode
from strongroom.vault.store import Store

RECORDS_A_CERTIFICATE = 500
"""A certificate of so many has a megabyte or so, and comes minutes after its first record went."""

_AT_ONCE = 8
_ACTS: Mapping[str, str] = {disposition.KIND: "disposed", erasure.KIND: "erased"}
_log = structlog.get_logger()


@dataclass(frozen=True)
class CarriedOut:
    """What one run did: records that ended, and that stayed because something keeps them or the store refused."""

    ended: int
    stayed: int
    refused: int
    stuck: int
    certificates: tuple[int, ...]
    finished: bool


def deleting_store(house: House, kind: str) -> Store:
    """The bucket as the role sees it that may delete: by a profile of its own, never by this process's credentials.

    Raises Misconfigured where the settings name none.
    """
    is_erasure = kind == erasure.KIND
    profile = house.settings.break_glass_profile if is_erasure else house.settings.records_manager_profile
    if profile is None:
        variable = f"STRONGROOM_{'BREAK_GLASS' if is_erasure else 'RECORDS_MANAGER'}_PROFILE"
        raise Misconfigured(
            "no credentials that may delete are configured",
            where=variable,
            todo="name a profile of the AWS configuration that assumes the role (docs/disposition.md)",
        )
    return open_bucket(house.settings, house.settings.bucket, profile)


def carry_out(
    house: House,
    principal: Principal,
    kind: str,
    ending_id: int,
    store: Store,
    progress: Callable[[int], None],
) -> CarriedOut:
    """Carry an approved list out, or go on with it; `store` is that of `deleting_store`.

    `progress` is told how many records have been looked at. Raises Forbidden, NotNow where it is not approved or
    another process is at it, and the vault's and the ledger's errors: what is done by then stays done.
    """
    require_undivided(principal, Right.END)
    with steps.ending_alone(house.engine) as alone:
        if not alone:
            raise NotNow(
                "another process is carrying a list out", where=f"list {ending_id}", todo="wait until it is done"
            )
        ending = find_ending(house.engine, ending_id)
        if ending is None or ending.kind != kind or ending.state != "approved":
            state = "not there" if ending is None or ending.kind != kind else ending.state
            raise NotNow(
                f"a list that is {state} can't be carried out",
                where=f"list {ending_id}",
                todo="a list is proposed by one person and approved by another first",
            )
        return _Run(house, principal, ending, store).carry_out(progress)


class _Run:
    def __init__(self, house: House, principal: Principal, ending: Ending, store: Store) -> None:
        self._house, self._principal, self._ending, self._store = house, principal, ending, store
        self._erases = ending.kind == erasure.KIND
        self._judge: Judge = (erasure if self._erases else disposition).judge_of(house)
        self._stuck: set[UUID] = set()
        self._ended = self._stayed = self._refused = 0
        self._certificates: list[int] = []

    def carry_out(self, progress: Callable[[int], None]) -> CarriedOut:
        engine, ending_id = self._house.engine, self._ending.ending_id
        self._store_certificates()
        looked_at = 0
        while True:
            limit = RECORDS_A_CERTIFICATE + len(self._stuck)
            batch = [one for one in steps.records_to_delete(engine, ending_id, limit) if one[0] not in self._stuck]
            for conversation_id, state in batch:
                self._delete(conversation_id, begun=state == "deleting")
                looked_at += 1
                progress(looked_at)
            while steps.certify(engine, ending_id, RECORDS_A_CERTIFICATE, self._certificate):
                self._store_certificates()
            if not batch:
                break
        finished = steps.finish_list(engine, ending_id, "carried out")
        return CarriedOut(
            self._ended, self._stayed, self._refused, len(self._stuck), tuple(self._certificates), finished
        )

    def _delete(self, conversation_id: UUID, *, begun: bool) -> None:
        """All versions of a record's objects, or none of them."""
        engine, ending_id = self._house.engine, self._ending.ending_id
        record = next(iter(standing_of(engine, [conversation_id])), None)
        if record is not None and (not begun or self._stands_whole(record)):
            # where a run was cut off before anything of it went, days may have passed since it was judged
            if begun and steps.held_meanwhile(engine, ending_id, conversation_id, self._judge):
                self._stayed += 1
                return
            if (kept := self._kept_by_store(record)) is not None:
                steps.refused_by_store(engine, ending_id, conversation_id, kept)
                self._refused += 1
                return
        if not begun:
            record = steps.begin_deleting(engine, ending_id, conversation_id, self._judge, self._principal.name)
            if record is None:
                self._stayed += 1
                return
        for place, one in enumerate(self._versions(record) if record is not None else []):
            try:
                delete_version(self._store, one.key, one.version_id, bypass_governance=self._erases)
            except VaultRefused as refusal:
                why = f"the store refused: {refusal.code}"
                self._give_up(conversation_id, why, untouched=not begun and place == 0)
                if begun:
                    # half gone, and held or locked since: no reason for the next record to wait for that
                    return
                # no lock and no hold was seen: the role is not the one that may, and the next record would fare alike
                raise
        if record is not None and self._versions(record):
            self._give_up(conversation_id, "something of it stands that was put meanwhile", untouched=False)
            return
        steps.record_deleted(engine, ending_id, conversation_id)

    def _stands_whole(self, record: StandingRecord) -> bool:
        """Whether every object that the ledger has of a record stands in the store."""
        standing = {(one.key, one.version_id) for one in self._versions(record)}
        return standing.issuperset((one.key, one.version_id) for one in record.objects)

    def _give_up(self, conversation_id: UUID, why: str, *, untouched: bool) -> None:
        engine, ending_id = self._house.engine, self._ending.ending_id
        if untouched:
            steps.refused_by_store(engine, ending_id, conversation_id, why)
            self._refused += 1
        else:
            steps.stuck(engine, ending_id, conversation_id, why)
            self._stuck.add(conversation_id)
            _log.error("a record is half gone", conversation=str(conversation_id), list=ending_id, reason=why)

    def _kept_by_store(self, record: StandingRecord) -> str | None:
        """Why the store would refuse, asked before anything is deleted; None where it would not."""
        now = utc_now()
        for one in self._versions(record):
            if one.held:
                return "the store keeps it: a legal hold is on it"
            if one.lock is None or one.lock.retain_until <= now:
                continue
            if not (self._erases and one.lock.mode is LockMode.GOVERNANCE):
                return f"the store keeps it: {one.lock.mode} until {one.lock.retain_until:%Y-%m-%d %H:%M} UTC"
        return None

    def _versions(self, record: StandingRecord) -> list[DeletableVersion]:
        """Whatever stands of the record, the longest locked first: where the store refuses, it refuses the first.

        Manifests come last of what is locked alike: they name the rest. Of a revision that is none of these, nothing.
        """
        revisions = {one.revision for one in record.revisions if one.state in ("archived", "ending")}
        prefixes = sorted({f"archive/{one.day}/{record.conversation_id}/" for one in record.revisions})
        named = [
            (key, version_id, is_marker)
            for prefix in prefixes
            for key, version_id, is_marker in versions_below(self._store, prefix)
            if revision_of(key) in revisions
        ]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            looked = pool.map(lambda one: look_at(self._store, one[0], one[1], is_marker=one[2]), named)
            standing = [one for one in looked if one is not None]
        return sorted(standing, key=_last_to_go)

    def _certificate(self, number: int, made_at: datetime, begun_by: str | None, found: list[StandingRecord]) -> bytes:
        ending = self._ending
        if (
            ending.proposer is None
            or ending.proposed_at is None
            or ending.approver is None
            or ending.approved_at is None
        ):
            raise AssertionError(f"list {ending.ending_id} is approved by nobody")
        return Certificate(
            number=number,
            kind=ending.kind,
            ending_id=ending.ending_id,
            reference=ending.reference,
            trial=self._house.settings.trial,
            proposed_by=ending.proposer,
            proposed_at=ending.proposed_at,
            approved_by=ending.approver,
            approved_at=ending.approved_at,
            carried_out_by=begun_by or self._principal.name,
            made_at=made_at,
            records=tuple(_ended(record) for record in found),
        ).bytes()

    def _store_certificates(self) -> None:
        """Each certificate into the vault, and what it names out of the ledger."""
        engine, ending = self._house.engine, self._ending
        for number, made_at, document in steps.certificates_to_store(engine, ending.ending_id):
            store_evidence(
                self._house,
                CERTIFICATE_KIND,
                certificate_key(number),
                document,
                content_type="application/json",
                day=made_at.date(),
            )
            words = ended_words(ending.kind, number)
            for conversation_id in steps.certified_records(engine, number):
                details = {"certificate": number, "list": ending.ending_id}
                event = NewEvent(_ACTS[ending.kind], self._principal.actor, conversation_id, details=details)
                requests = steps.end_record(engine, ending.ending_id, conversation_id, number, words, event)
                forget_bundles(self._house, requests)
                self._ended += 1
            self._certificates.append(number)


def _last_to_go(one: DeletableVersion) -> tuple[float, bool, str]:
    until = 0.0 if one.lock is None else one.lock.retain_until.timestamp()
    return (-until, one.key.endswith("/manifest.json"), one.key)


def _ended(record: StandingRecord) -> EndedRecord:
    ending: Sequence[StandingRevision] = [one for one in record.revisions if one.state == "ending"]
    return EndedRecord(record.conversation_id, tuple(_ended_revision(record, one) for one in ending))


def _ended_revision(record: StandingRecord, one: StandingRevision) -> EndedRevision:
    objects = [each for each in record.objects if each.revision == one.revision]
    return EndedRevision(
        revision=one.revision,
        day=one.day,
        conversation_start=one.conversation_start,
        conversation_end=one.conversation_end,
        retention_class=one.retention_class or "",
        basis=one.basis or "",
        lock_mode=one.lock_mode or "",
        retain_until=one.retain_until or one.conversation_end,
        policy_version=one.policy_version or "",
        leaf_index=next((each.leaf_index for each in objects if each.part == "manifest"), None),
        objects=tuple(
            EndedObject(each.key, each.version_id, each.size_bytes, each.sha256, each.part) for each in objects
        ),
    )

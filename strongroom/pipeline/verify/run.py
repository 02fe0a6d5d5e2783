"""A verification from its beginning to what is recorded of it: a check, which conversations were hashed, custody."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from strongroom.actor import Actor
from strongroom.evidence.entries import ManifestEntry
from strongroom.evidence.findings import RECORD, VerifyFinding
from strongroom.house import House
from strongroom.ledger.checks import record_check
from strongroom.ledger.custody import NewEvent, record_events
from strongroom.ledger.kept_objects import all_kept
from strongroom.ledger.lookup import latest_revision
from strongroom.ledger.verification import Holding, conversations_of, holdings_of, record_hashed
from strongroom.pipeline.custody_report import custody_report
from strongroom.pipeline.verify.checkpoints import SealedLog, open_log, prove_growth
from strongroom.pipeline.verify.conversation import Examined, check_conversation
from strongroom.pipeline.verify.custody import check_custody
from strongroom.pipeline.verify.ended import Ended, EndedSeen
from strongroom.pipeline.verify.entries import Entries, check_entries
from strongroom.pipeline.verify.listed import check_listing
from strongroom.pipeline.verify.logged import Logged
from strongroom.pipeline.verify.reading import AT_ONCE, EvidenceReader, Findings
from strongroom.pipeline.verify.rebuild import rebuild
from strongroom.pipeline.verify.scope import Depth, Scope
from strongroom.pipeline.verify.timestamps import check_timestamps
from strongroom.pipeline.verify.witness import compare_with_witness
from strongroom.times import utc_now
from strongroom.vault.evidence_keys import policy_document_key

_BATCH = 200
_EVIDENCE = "evidence/"


@dataclass(frozen=True)
class Verified:
    """What was looked at, and what does not hold.

    `unsealed` manifests wait for the log, `cold` objects for a restore: neither was proven or read. `timestamps` and
    `custody_events` are those that were verified. `ended` are the revisions that went under a certificate.
    """

    scope: Scope
    depth: Depth
    conversations: int = 0
    objects: int = 0
    bytes_hashed: int = 0
    cold: int = 0
    unsealed: int = 0
    checkpoints: int = 0
    entries: int = 0
    timestamps: int = 0
    custody_events: int = 0
    ended: tuple[EndedSeen, ...] = ()
    findings: tuple[VerifyFinding, ...] = ()


def verify(house: House, scope: Scope, depth: Depth, actor: Actor) -> Verified:
    """Verify, and record it: in the ledger's checks, and as an act of `actor` in the custody chain.

    Nothing is written to the vault. Raises UnknownConversation for one that neither ledger nor log knows, Misconfigured
    for timestamps without roots to verify them against, and the vault's and the ledger's errors.
    """
    began_at = utc_now()
    done, hashed = _verified(house, scope, depth)
    told = [finding.document() for finding in done.findings]
    record_check(house.engine, str(depth), str(scope), began_at, done.conversations, told)
    if depth >= Depth.HASHED:
        record_hashed(house.engine, hashed)
    record_events(house.engine, _events(done, actor))
    return done


def _verified(house: House, scope: Scope, depth: Depth) -> tuple[Verified, list[tuple[UUID, int, int]]]:
    findings = Findings()
    reader = EvidenceReader(house, findings)
    log = open_log(reader, newest_only=depth < Depth.PROVEN)
    if scope.everything and depth >= Depth.HASHED:
        kept = all_kept(house.engine, trial=house.settings.trial, prefix=_EVIDENCE)
        deque(reader.in_order(one.key for one in kept), maxlen=0)
    if depth >= Depth.PROVEN:
        if scope.everything:
            rebuild(reader, log.checkpoints)
        prove_growth(reader, log)
    logged = Logged(reader, log.newest, prove=depth >= Depth.PROVEN and bool(scope.conversations))
    ended = Ended(reader, log.newest, prove=depth >= Depth.PROVEN and bool(scope.conversations))
    entries = _entries(reader, log, scope, depth, ended)
    examined, hashed = Examined(), list[tuple[UUID, int]]()
    listed_days: set[tuple[UUID, date]] = set()
    conversations = 0

    def check_ended(one: UUID, revision: int, certificate: int | None, _: ManifestEntry | None) -> None:
        ended.check(one, revision, certificate, logged.entry_of_ended(one, revision))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for batch in _batches(house, scope):
            conversations += len(batch)
            for one in pool.map(
                lambda holding: check_conversation(house, findings, holding, logged.entry_of, check_ended, depth),
                batch,
            ):
                examined += one
            hashed += [
                (holding.conversation_id, one.revision)
                for holding in batch
                for one in holding.revisions
                if one.state != "ended"
            ]
            if scope.conversations:
                listed_days.update((holding.conversation_id, one.day) for holding in batch for one in holding.revisions)
    for sha256 in sorted(examined.policy_documents):
        reader.read_named(policy_document_key(sha256), sha256)
    for prefix in scope.prefixes(sorted(listed_days)):
        check_listing(house, findings, prefix)
    done = Verified(
        scope,
        depth,
        conversations,
        examined.objects,
        examined.bytes_hashed,
        examined.cold,
        logged.unsealed,
        len(log.checkpoints),
        entries.seen,
        ended=ended.seen(),
    )
    if depth >= Depth.PROVEN:
        done = replace(
            done,
            custody_events=_custody(house, reader, scope, entries),
            timestamps=check_timestamps(reader, log),
        )
        compare_with_witness(reader, log)
    told = findings.all()
    counts = [(one, revision, sum(finding.conversation_id == one for finding in told)) for one, revision in hashed]
    return replace(done, findings=told), counts


def _batches(house: House, scope: Scope) -> Iterator[list[Holding]]:
    if scope.conversations:
        ids: Iterable[Sequence[UUID]] = (
            scope.conversations[at : at + _BATCH] for at in range(0, len(scope.conversations), _BATCH)
        )
    else:
        ids = conversations_of(house.engine, scope.first, scope.last)
    for batch in ids:
        yield holdings_of(house.engine, batch)


def _entries(reader: EvidenceReader, log: SealedLog, scope: Scope, depth: Depth, ended: Ended) -> Entries:
    """The log looked through; for conversations only where the ledger does not know one, since its leaves are found
    without that.
    """
    if scope.conversations:
        unknown = [one for one in holdings_of(reader.house.engine, scope.conversations) if not one.revisions]
        if not unknown:
            return Entries(0, ())
        known_to_log = Entries(0, ())
        if log.newest is not None:
            scope = Scope(tuple(one.conversation_id for one in unknown))
            known_to_log = check_entries(reader, scope, log.newest, ended.check, prove=False)
        for one in unknown:
            if not any(finding.conversation_id == one.conversation_id for finding in reader.findings.all()):
                latest_revision(reader.house.engine, one.conversation_id)  # raises: nobody knows it
        return known_to_log
    if log.newest is None:
        return Entries(0, ())
    # everything was made anew from its entries, which proves each of them
    prove = depth >= Depth.PROVEN and not scope.everything
    return check_entries(reader, scope, log.newest, ended.check, prove=prove)


def _custody(house: House, reader: EvidenceReader, scope: Scope, entries: Entries) -> int:
    if not scope.conversations:
        return check_custody(reader, entries.custody, everything=scope.everything)
    events = 0
    for conversation_id in scope.conversations:
        if not holdings_of(house.engine, [conversation_id])[0].revisions:
            continue
        report = custody_report(house.engine, house.store, conversation_id, trial=house.settings.trial)
        events += len(report.events)
        for told in report.all_findings:
            reader.findings.tell(
                RECORD,
                "the custody chain does not hold",
                told.partition(": ")[0],
                expected="the chain as it was written",
                found=told.partition(": ")[2],
                conversation_id=conversation_id,
            )
    return events


def _events(done: Verified, actor: Actor) -> Sequence[NewEvent]:
    def details(findings: int) -> dict[str, object]:
        return {"depth": str(done.depth), "findings": findings}

    if done.scope.conversations and done.scope.name is None:
        return [
            NewEvent(
                "verified",
                actor,
                conversation_id=one,
                details=details(sum(finding.conversation_id in {one, None} for finding in done.findings)),
            )
            for one in done.scope.conversations
        ]
    counts = {"scope": str(done.scope), "conversations": done.conversations, "objects": done.objects}
    return [NewEvent("verified", actor, details=details(len(done.findings)) | counts)]

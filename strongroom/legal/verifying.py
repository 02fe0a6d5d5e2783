"""Holding a requested conversation's files against manifest, log and ledger, as `strongroom verify` does."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from strongroom.actor import Actor
from strongroom.evidence.findings import MISSING, VerifyFinding
from strongroom.house import House
from strongroom.ledger.custody import NewEvent
from strongroom.ledger.request_preparing import FileFound
from strongroom.ledger.requests import RequestedConversation, RequestedFile
from strongroom.ledger.verification import holdings_of
from strongroom.pipeline.verify.checkpoints import open_log
from strongroom.pipeline.verify.conversation import check_conversation
from strongroom.pipeline.verify.ended import Ended
from strongroom.pipeline.verify.logged import Logged
from strongroom.pipeline.verify.reading import EvidenceReader, Findings, where_is
from strongroom.pipeline.verify.scope import Depth
from strongroom.times import utc_now
from strongroom.vault.errors import NotStored
from strongroom.vault.restore import NotRestorable, look

_MANIFEST = "manifest"


@dataclass(frozen=True)
class Verification:
    """What was found of each file of one conversation; `unsealed` of its manifests wait for the log."""

    conversation_id: UUID
    files: tuple[FileFound, ...]
    requested: tuple[RequestedFile, ...]
    bytes_hashed: int
    unsealed: int

    @property
    def holds(self) -> bool:
        """Whether every file is what was archived."""
        return all(one.state == "verified" for one in self.files)

    @property
    def cause(self) -> str:
        """In words."""
        bad = [one for one in self.files if one.state != "verified"]
        if bad:
            return f"{len(bad)} of {len(self.files)} files are not handed over: {bad[0].cause}"
        logged = "" if not self.unsealed else "; the log does not hold it yet, it was archived too lately"
        return f"every byte of {len(self.files)} files was hashed, and agrees with the manifest and the log{logged}"

    def events(self, actor: Actor, request_id: UUID) -> list[NewEvent]:
        """What the custody chain is told: that it was verified, and each file that is not what was archived."""
        bad = [one for one in self.files if one.state != "verified"]
        details: dict[str, object] = {
            "request": str(request_id),
            "files": len(self.files),
            "bytesHashed": self.bytes_hashed,
            "inLog": self.unsealed == 0,
            "findings": len(bad),
        }
        events = [NewEvent("verified", actor, self.conversation_id, None, None, details)]
        of_key = {one.key: one for one in self.requested}
        for one in bad:
            file = of_key[one.key]
            of_file: dict[str, object] = {
                "request": str(request_id),
                "key": one.key,
                "versionId": file.version_id,
                "sha256": file.sha256,
                "state": one.state,
            }
            events.append(NewEvent("found damaged", actor, self.conversation_id, file.revision, one.cause, of_file))
        return events


def verify_requested(house: House, conversation: RequestedConversation) -> Verification | None:
    """Read every byte of a conversation's files; None when some are cold and must be brought back first.

    A file is `verified` only where its bytes, its manifest and the log agree and nothing that it rests on is in doubt.
    Raises the vault's and the ledger's errors.
    """
    if not all(_readable(house, one) for one in conversation.files):
        return None
    findings = Findings()
    reader = EvidenceReader(house, findings)
    newest = open_log(reader, newest_only=True).newest
    logged, ended = Logged(reader, newest, prove=True), Ended(reader, newest, prove=True)
    (holding,) = holdings_of(house.engine, [conversation.conversation_id])
    examined = check_conversation(house, findings, holding, logged.entry_of, ended.check, Depth.HASHED)
    if examined.cold:
        # a copy lapsed between the look and the reading
        return None
    return Verification(
        conversation_id=conversation.conversation_id,
        files=_judge(house, conversation.files, findings),
        requested=conversation.files,
        bytes_hashed=examined.bytes_hashed,
        unsealed=logged.unsealed,
    )


def _readable(house: House, file: RequestedFile) -> bool:
    """Whether it can be read now; what does not stand at all is for the reading to tell."""
    try:
        return look(house.store, file.key, file.version_id).readable(utc_now())
    except NotStored:
        return True
    except NotRestorable:
        return False


def _judge(house: House, files: Sequence[RequestedFile], findings: Findings) -> tuple[FileFound, ...]:
    by_where: dict[str, VerifyFinding] = {}
    for one in findings.all():
        by_where.setdefault(one.where, one)
    wheres = {file.key: where_is(house.store, file.key, file.version_id) for file in files}
    manifests = {file.revision: file for file in files if file.part == _MANIFEST}
    # what is told of no file here: a manifest that is missing, an object no file stands for, a part of the log
    others = [one for where, one in by_where.items() if where not in wheres.values()]
    judged = []
    for file in files:
        manifest = manifests.get(file.revision)
        own = by_where.get(wheres[file.key])
        of_manifest = None if manifest is None else by_where.get(wheres[manifest.key])
        if own is not None:
            state = "missing" if own.promise == MISSING and own.found == "none" else "damaged"
            judged.append(FileFound(file.key, state, own.what))
        elif manifest is None or of_manifest is not None:
            what = "no manifest names it" if of_manifest is None else f"its manifest: {of_manifest.what}"
            judged.append(FileFound(file.key, "damaged", what))
        elif others:
            judged.append(FileFound(file.key, "damaged", f"what it rests on: {others[0].what}"))
        else:
            judged.append(FileFound(file.key, "verified", "read, hashed, and what was archived"))
    return tuple(judged)

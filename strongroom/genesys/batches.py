"""Batch downloads: links to the recordings of up to a hundred conversations for a few requests, original codecs only.

Only the OAuth client that submitted a batch may read its results (403 for any other). The links are pre-signed, expire
within the hour or so, and are no API requests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from strongroom.canonical import sha256_hex
from strongroom.genesys.client import GenesysApi
from strongroom.genesys.errors import GenesysAnswerInvalid
from strongroom.genesys.fields import is_uuid, text_or_none, word_or_none

BATCHES_PATH = "/api/v2/recording/batchrequests"


@dataclass(frozen=True)
class BatchResult:
    """One result. `url` is a bearer secret: never log it; None where Genesys gives an error instead.

    `recording_id` is None where the error concerns the conversation as a whole. `told` is the result as received,
    without its link.
    """

    conversation_id: str
    recording_id: str | None
    url: str | None
    content_type: str | None
    told: dict[str, Any]

    @property
    def identity(self) -> str:
        """What is the same when the same file is told of again with a fresh signature: a hash of the link's path."""
        return "error" if self.url is None else sha256_hex(urlsplit(self.url).path.encode())


@dataclass(frozen=True)
class BatchStatus:
    """How far a batch is. `expected` may rise while it works."""

    expected: int
    ready: int
    results: tuple[BatchResult, ...]

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to come."""
        return self.ready >= self.expected


def submit_batch(client: GenesysApi, conversation_ids: Sequence[str]) -> str:
    """Ask for all recordings of at most a hundred conversations that are ready now; the job's id.

    Asking twice does no harm: the results of a batch nobody follows expire. Raises GenesysAnswerInvalid, and what the
    client raises.
    """
    items = [{"conversationId": one} for one in conversation_ids]
    answer = client.post(BATCHES_PATH, {"batchDownloadRequestList": items}, repeatable=True).json
    job_id = word_or_none(answer.get("id")) if isinstance(answer, dict) else None
    if job_id is None:
        raise _invalid("the answer has no id", f"POST {BATCHES_PATH}")
    return job_id


def batch_status(client: GenesysApi, job_id: str) -> BatchStatus:
    """The results so far, each once. Raises GenesysAnswerInvalid, and what the client raises."""
    path = f"{BATCHES_PATH}/{quote(job_id, safe='')}"
    answer = client.get(path).json
    where = f"GET {path}"
    if not isinstance(answer, dict):
        raise _invalid("the answer is no object", where)
    listed = answer.get("results") or []
    if not isinstance(listed, list):
        raise _invalid("results is not a list", where)
    results: dict[tuple[str, str | None, str], BatchResult] = {}
    for record in listed:
        result = _result(record, where)
        results.setdefault((result.conversation_id, result.recording_id, result.identity), result)
    return BatchStatus(
        _count(answer, "expectedResultCount", where), _count(answer, "resultCount", where), (*results.values(),)
    )


def _result(record: object, where: str) -> BatchResult:
    if not isinstance(record, dict) or not is_uuid(record.get("conversationId")):
        raise _invalid("a result has no UUID for a conversationId", where)
    recording_id, url = record.get("recordingId"), text_or_none(record.get("resultUrl"))
    failed = text_or_none(record.get("errorMsg")) is not None or url is None
    if recording_id is not None and not is_uuid(recording_id):
        raise _invalid("a result's recordingId is no UUID", where)
    if recording_id is None and not failed:
        raise _invalid("a result has a link but no recordingId", where)
    return BatchResult(
        conversation_id=record["conversationId"].lower(),
        recording_id=recording_id,
        url=None if failed else url,
        content_type=word_or_none(record.get("contentType")),
        told={name: value for name, value in record.items() if name != "resultUrl"},
    )


def _count(answer: dict[str, Any], member: str, where: str) -> int:
    value = answer.get(member)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _invalid(f"the answer has no {member}", where)
    return value


def _invalid(what: str, where: str) -> GenesysAnswerInvalid:
    return GenesysAnswerInvalid(
        what, where=where, todo="nothing: its conversations are asked for one by one; report it if it lasts"
    )

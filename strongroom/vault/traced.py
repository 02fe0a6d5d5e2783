"""A span for each call to the store, told by botocore's own events: operation, the key's first part, and status."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from strongroom import spans

if TYPE_CHECKING:  # the stubs are there when types are checked, not where Strongroom runs
    from mypy_boto3_s3.client import S3Client

_FIRST_PART, _SPAN = "strongroom.first_part", "strongroom.span"
"""In the context that botocore carries through the events of one call."""


def trace_calls(client: "S3Client") -> None:
    """Have each call of the client be a span, its repeats included; the bytes of an answer are read after its end.

    Whether somebody listens is asked at each call: the desk makes its clients before it begins to.
    """
    events = client.meta.events
    events.register("before-parameter-build.s3", _note_first_part)
    events.register("before-call.s3", _begin)
    events.register("after-call.s3", _end)
    events.register("after-call-error.s3", _fail)


def _note_first_part(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
    if not spans.is_traced():
        return
    # what comes after it is a day, and then ids
    first, slash, _rest = str(params.get("Key") or params.get("Prefix") or "").partition("/")
    if slash:
        context[_FIRST_PART] = first + slash


def _begin(model: Any, context: dict[str, Any], **_: Any) -> None:
    if not spans.is_traced():
        return
    told: dict[str, str | int] = {"rpc.system": "aws-api", "rpc.service": "S3", "rpc.method": model.name}
    if _FIRST_PART in context:
        told["strongroom.key_prefix"] = context[_FIRST_PART]
    context[_SPAN] = spans.begin(f"S3 {model.name}", told)


def _end(http_response: Any, context: dict[str, Any], **_: Any) -> None:
    begun = context.pop(_SPAN, spans.UNHEARD)
    begun.tell(spans.STATUS, http_response.status_code)
    begun.end()


def _fail(exception: Exception, context: dict[str, Any], **_: Any) -> None:
    context.pop(_SPAN, spans.UNHEARD).end(type(exception).__name__)

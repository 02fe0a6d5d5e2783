"""What our client reads of the vendor's answers is there to be read: each name is a field of the SDK's model."""

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from types import FunctionType, ModuleType
from typing import Any

import pytest
from pydantic import BaseModel
from sdk_models import fields
from watched_answers import Read, unknown, watched_answer

import strongroom.genesys
from embedded.simulator import Simulator
from simulator.awkwardness import EVERY
from strongroom.genesys import client as client_module
from strongroom.genesys.analytics import conversation_again, conversations_again, ended_since, started_on
from strongroom.genesys.batches import batch_status, submit_batch
from strongroom.genesys.client import GenesysApi, GenesysClient
from strongroom.genesys.conversations import Conversation
from strongroom.genesys.details_jobs import data_available_until, job_results, job_status, submit_job
from strongroom.genesys.errors import NotReady
from strongroom.genesys.names import Names
from strongroom.genesys.recordings import recording_metadata, recording_with_media, request_restore
from strongroom.times import start_of

DAY = date(2025, 5, 14)
NOON_AFTER = datetime(2025, 5, 15, 12, tzinfo=UTC)
EXERCISED = {
    "conversation_again",
    "conversations_again",
    "ended_since",
    "started_on",
    "data_available_until",
    "submit_job",
    "job_status",
    "job_results",
    "recording_metadata",
    "recording_with_media",
    "request_restore",
    "submit_batch",
    "batch_status",
}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> set[Read]:
    """What the client reads from now on."""
    gathered: set[Read] = set()
    send = client_module.send

    def watching(session: Any, request: Any, *how: Any) -> Any:
        return watched_answer(request, send(session, request, *how), gathered)

    monkeypatch.setattr(client_module, "send", watching)
    return gathered


def test_the_client_reads_only_what_the_vendor_has(simulator: Callable[..., Simulator], reads: set[Read]) -> None:
    running = simulator(
        conversations=120,
        day=DAY,
        now=NOON_AFTER.isoformat(),
        awkward_only=",".join(EVERY),
        rate_limit_per_min=0,
        transcode_s=0,
        job_s=0,
        batch_s=0,
        availability_lag_s=0,
    )
    client = GenesysClient(
        running.url, running.url, "client-1", "secret-1", connect_timeout_s=10, read_timeout_s=30, patience_s=1
    )
    found = [conversation for page in started_on(client, DAY) for conversation in page.conversations]
    list(ended_since(client, DAY, start_of(DAY)))
    assert all(conversation_again(client, conversation) == conversation for conversation in found[:10])
    assert conversations_again(client, [found[0]]) == {found[0].conversation_id: found[0]}
    job = submit_job(client, start_of(DAY), start_of(DAY + timedelta(days=1)))
    assert job_status(client, job).is_fulfilled
    assert data_available_until(client) > start_of(DAY)
    assert list(job_results(client, job))
    batch = submit_batch(client, [conversation.conversation_id for conversation in found[:100]])
    assert batch_status(client, batch).results
    names = Names(client)
    names.organisation()
    for conversation in found:
        names.behind(conversation)
        _read_recordings(client, conversation)
    models = {model for model, _ in reads}
    assert {
        "AnalyticsConversation",
        "AnalyticsSession",
        "Recording",
        "RecordingEmailMessage",
        "Queue",
        "User",
    } <= models
    assert ("AnalyticsConversationSegment", "queueId") in reads
    assert list(unknown(reads)) == []


def _read_recordings(client: GenesysClient, conversation: Conversation) -> None:
    for recording in recording_metadata(client, conversation.conversation_id):
        try:
            found = recording_with_media(client, conversation.conversation_id, recording.recording_id, "NONE")
            if found.file_state == "ARCHIVED":
                request_restore(client, conversation.conversation_id, found, NOON_AFTER + timedelta(days=7))
        except NotReady:
            continue


def test_every_function_that_asks_is_among_those_watched() -> None:
    """One that is added to the client is to be called in the test above."""
    asking = {function.__name__ for module in _modules() for function in _functions(module) if _asks(function)}
    assert asking == EXERCISED


def test_fields_read_by_models_of_our_own_are_the_vendors() -> None:
    ours = {
        field.alias or name
        for module in _modules()
        for model in vars(module).values()
        if inspect.isclass(model) and issubclass(model, BaseModel) and model.__module__ == module.__name__
        for name, field in model.model_fields.items()
    }
    assert "totalHits" in ours
    assert ours <= set(fields("AnalyticsConversationQueryResponse")) | {"access_token", "expires_in", "token_type"}


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(strongroom.genesys.__path__, "strongroom.genesys."):
        yield import_module(found.name)


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__ and not name.startswith("_"):
            yield function


def _asks(function: FunctionType) -> bool:
    annotations = {parameter.annotation for parameter in inspect.signature(function).parameters.values()}
    return not annotations.isdisjoint({GenesysApi, GenesysClient})

"""A fleet that is traced tells a collector what each task did, in one trace with what followed; and nobody's data."""

import json
import re
import time
from datetime import timedelta

import pytest
import requests
from archives import Archive, StartArchive, wait_until
from collecting import Collector, running_collector
from desking import ANNE, WHY, LegalDesk
from telling import people_of

from config.environment import load_settings
from embedded.desk import running_desk
from strongroom.ledger.runs import open_run
from tasks.fleet import Fleet as FleetApp
from tasks.fleet import send

FLEET = {"worker": 1, "control": 1, "beat": 1}
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
IDS = {"strongroom.conversation", "strongroom.recording", "strongroom.batch", "strongroom.task_id"}
ALL_THAT_IS_TOLD = IDS | {
    "error.type",
    "http.request.method",
    "http.response.body.size",
    "http.response.status_code",
    "http.route",
    "rpc.method",
    "rpc.service",
    "rpc.system",
    "strongroom.background",
    "strongroom.correlation",
    "strongroom.day",
    "strongroom.key_prefix",
    "strongroom.request",
    "strongroom.revision",
    "url.template",
}
IMPORTS = {"PYTHONPROFILEIMPORTTIME": "1"}
"""Python tells each import of a process, its forked children included, on its stderr: the log."""
LOADED_FOR_IT = {"opentelemetry.proto.trace.v1.trace_pb2", "google.protobuf", "tasks.tracing", "tasks.otlp"}


def archived(archive: Archive) -> None:
    """The day is asked for and archived by a fleet."""
    with archive.fleet(FLEET):
        open_run(archive.engine, archive.day, "a test")
        send(FleetApp(load_settings(archive.environment)), "enumerate_day", [(archive.day.isoformat(),)])
        archive.wait_until_finished()


@pytest.mark.long
def test_a_traced_day(start_archive: StartArchive) -> None:
    with running_collector() as collector:
        settings = {"STRONGROOM_TRACES_ENDPOINT": collector.url, **IMPORTS}
        archive = start_archive(conversations=6, settings=settings, faults={"rate_429": 0.05})
        archived(archive)
        assert all(modules >= LOADED_FOR_IT for modules in _imported(archive).values())
        _each_task_is_a_span_with_its_requests_in_it(archive, collector)
        _what_follows_is_in_the_same_trace(collector)
        _nothing_is_told_of_anybody(archive, collector)


@pytest.mark.long
def test_a_recording_asked_for_singly_is_one_trace_from_the_enumeration_to_the_manifest(
    start_archive: StartArchive,
) -> None:
    with running_collector() as collector:
        settings = {"STRONGROOM_TRACES_ENDPOINT": collector.url, "STRONGROOM_BATCH_SIZE": "0"}
        archive = start_archive(conversations=3, settings=settings)
        archived(archive)
    asks = "GET /api/v2/conversations/{conversationId}/recordings/{recordingId}"
    wanted = {asks, "GET media", "S3 PutObject"}
    [task, *_] = [
        one for one in collector.named("archive_recording") if {child.name for child in collector.within(one)} >= wanted
    ]
    [asked, *_] = [child for child in collector.within(task) if child.name == asks]
    assert asked.told["url.template"] == asks.removeprefix("GET ")
    by_id = {one.span_id: one for one in collector.spans}
    chain = [task]
    while chain[-1].parent_id in by_id:
        chain.append(by_id[chain[-1].parent_id])
    assert [one.name for one in chain][:3] == ["archive_recording", "archive_conversation", "enumerate_day"]
    assert {one.trace_id for one in chain} == {task.trace_id}
    followed = [one for one in collector.named("complete_conversation") if one.trace_id == task.trace_id]
    assert followed


def _each_task_is_a_span_with_its_requests_in_it(archive: Archive, collector: Collector) -> None:
    fetched = [one for one in collector.named("archive_recording") if collector.within(one)]
    assert fetched
    for task in fetched:
        assert (task.kind, task.of["service.name"]) == (CONSUMER, "strongroom-worker")
        assert task.told["strongroom.day"] == archive.day.isoformat()
        assert re.fullmatch("[0-9a-f-]{36}", str(task.told["strongroom.conversation"]))
        assert re.fullmatch("[0-9a-f-]{36}", str(task.told["strongroom.recording"]))
    within = [child for task in fetched for child in collector.within(task)]
    assert {child.name for child in within if child.kind == CONSUMER} <= {"complete_conversation"}
    assert {child.kind for child in within} <= {CLIENT, CONSUMER}
    # a batch's recording comes by its link; the API is asked for what a batch gave no link to
    put = [child for child in within if child.name == "S3 PutObject"]
    assert {child.told["strongroom.key_prefix"] for child in put} == {"archive/"}
    assert {child.told["http.response.status_code"] for child in put} == {200}
    media = [child for child in within if child.name == "GET media" and not child.failed]
    assert media
    assert all(int(child.told["http.response.body.size"]) > 0 for child in media)
    [gathered, *_] = collector.named("gather_batch")
    [asked] = [child for child in collector.within(gathered) if child.name == "POST /api/v2/recording/batchrequests"]
    assert asked.told["http.response.status_code"] in {200, 201, 202}
    looked = [child.name for one in collector.named("follow_batch") for child in collector.within(one)]
    assert "GET /api/v2/recording/batchrequests/{jobId}" in looked


def _what_follows_is_in_the_same_trace(collector: Collector) -> None:
    by_id = {one.span_id: one for one in collector.spans}
    assert "enumerate_day" in {by_id[one.parent_id].name for one in collector.named("gather_batch") if one.parent_id}
    completed = [by_id[one.parent_id] for one in collector.named("complete_conversation") if one.parent_id in by_id]
    assert "archive_recording" in {one.name for one in completed}
    # Beat begins a trace each time it rings; a day's work, fed by whoever finds the queue low, is in none of those
    rung = collector.named("send sweep")
    assert rung
    for one in rung:
        assert (one.kind, one.parent_id, one.of["service.name"]) == (PRODUCER, "", "strongroom-beat")
    assert {one.name for ring in rung for one in collector.within(ring)} <= {"sweep"}
    assert not {one.trace_id for one in collector.named("archive_recording")} & {
        one.trace_id for one in collector.named("feed")
    }


def _nothing_is_told_of_anybody(archive: Archive, collector: Collector) -> None:
    assert {name for one in collector.spans for name in one.told} <= ALL_THAT_IS_TOLD
    raw = collector.raw.decode(errors="replace")
    secrets = [archive.environment["AWS_SECRET_ACCESS_KEY"]]
    secrets += [pair.partition(":")[2] for pair in archive.environment["STRONGROOM_GENESYS_CLIENTS"].split(",")]
    people = set(people_of(archive))
    assert len(people) > 20
    assert [one for one in (*secrets, *people, WHY) if one in raw or json.dumps(one)[1:-1] in raw] == []
    for one in collector.spans:
        for name, value in (*one.told.items(), ("", one.name)):
            # an id is in what is named for it, and nowhere else; no query, no signature, no number
            assert (
                name in IDS | {"strongroom.correlation"}
                or not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}|[?&=@]|\d{7,}", str(value))
                or name == "http.response.body.size"
            ), (name, value)


@pytest.mark.long
def test_the_desk_and_what_it_asks_of_workers_are_one_trace(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=4)
    archive.archive_here()
    with running_collector() as collector:
        # nothing is small enough to be verified while the requester waits
        settings = {"STRONGROOM_TRACES_ENDPOINT": collector.url, "STRONGROOM_INLINE_VERIFY_MIB": "0"}
        archive.environment.update(settings)
        desk = LegalDesk(archive)
        machine = requests.Session()
        machine.headers.update(desk.key(ANNE))
        one = str(desk.conversations()[0])
        with archive.fleet({"restore": 1}), running_desk(archive.environment, archive.logs) as (_, address):
            machine.get(f"{address}/api/v1/search", params={"text": "a secret word"}, timeout=30)
            machine.get(f"{address}/no/such/{one}", timeout=30)
            machine.request("SECRETWORD", f"{address}/no/such/{one}", timeout=30)
            body = {"conversationId": one, "justification": WHY}
            told = machine.post(f"{address}/legal/retrieve", json=body, timeout=60)
            assert told.ok, told.text
            wait_until(lambda: collector.named("prepare_request"), "its request is prepared", 60, every_s=0.2)
    [asked] = collector.named("POST /legal/retrieve")
    assert (asked.kind, asked.of["service.name"], asked.parent_id) == (SERVER, "strongroom-desk", "")
    assert asked.told["http.response.status_code"] == told.status_code
    assert "prepare_request" in {one.name for one in collector.within(asked)}
    assert collector.named("_OTHER")
    [lost] = collector.named("GET")
    assert (lost.told["http.response.status_code"], lost.failed) == (404, False)
    raw = collector.raw.decode(errors="replace")
    assert not [word for word in ("secret word", "SECRETWORD", WHY, ANNE.name, "/no/such") if word in raw]


@pytest.mark.long
def test_a_collector_that_is_away_costs_the_day_nothing(start_archive: StartArchive, closed_port: int) -> None:
    endpoint = f"http://127.0.0.1:{closed_port}/v1/traces"
    archive = start_archive(conversations=4, settings={"STRONGROOM_TRACES_ENDPOINT": endpoint})
    began = time.monotonic()
    archived(archive)
    assert archive.judge(neighbours=[archive.day + timedelta(days=1)]).mismatches == []
    assert time.monotonic() - began < 60
    logs = [path.read_text() for path in archive.logs.glob("worker-1.log")]
    assert all(1 <= log.count("traces can't be sent") <= 8 for log in logs), "a line a process, not a line a batch"


@pytest.mark.long
def test_an_untraced_fleet_loads_nothing_for_it(start_archive: StartArchive) -> None:
    archive = start_archive(conversations=2, settings=IMPORTS)
    archived(archive)
    assert not [name for name, modules in _imported(archive).items() if modules & LOADED_FOR_IT]


def _imported(archive: Archive) -> dict[str, set[str]]:
    """Every module that each process of the fleet has imported, its forked children too."""
    logs = {path.stem: path.read_text(errors="replace") for path in archive.logs.glob("*-1.log")}
    assert set(logs) == {f"{name}-1" for name in FLEET}
    imported = {name: set(re.findall(r"^import time:.*\| +(\S+)$", log, re.MULTILINE)) for name, log in logs.items()}
    for modules in imported.values():
        assert "strongroom.spans" in modules
        # redis-py tries to import the SDK, and so would each process wherever it is installed
        assert {one for one in modules if one.startswith("opentelemetry.sdk.")} <= {"opentelemetry.sdk.metrics"}
    return imported

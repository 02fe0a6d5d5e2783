"""What others vouch for: a timestamp authority and a witness, down and up again; the log is sealed all the same."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealing_material import A_DAY, Sealing, StartSealing, log_in

from embedded.ports import free_port
from embedded.postgres import Postgres
from embedded.timestamp_authority import TimestampAuthority, make_authority, reply
from strongroom.evidence.timestamps import timestamp_question
from strongroom.ledger.checkpoints import CheckpointRow, find_checkpoint, latest_checkpoint
from strongroom.pipeline.seal import needs_sealing, seal
from strongroom.pipeline.timestamping import timestamp_checkpoints
from strongroom.pipeline.witness import append_note
from strongroom.times import utc_now

THE_NEXT = A_DAY + timedelta(days=1)
_REPLY = "application/timestamp-reply"


def latest(sealing: Sealing) -> CheckpointRow:
    checkpoint = latest_checkpoint(sealing.engine)
    assert checkpoint is not None
    return checkpoint


@contextmanager
def answering(port: int, answer: Callable[[bytes], tuple[int, str, bytes]]) -> Iterator[str]:
    """An HTTP server that answers each POST with status, content type and body."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, content_type, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", port), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def timestamping(start_sealing: StartSealing, timestamp_authority: TimestampAuthority) -> Callable[[str], Sealing]:
    """Makes a sealing with a settled day, whose authority is at a URL; its roots are the session authority's."""

    def start(url: str) -> Sealing:
        sealing = start_sealing(
            STRONGROOM_TIMESTAMP_URL=url,
            STRONGROOM_TIMESTAMP_ROOTS_FILE=str(timestamp_authority.roots_file),
            STRONGROOM_READ_TIMEOUT_S="5",
        )
        sealing.settled(A_DAY, 1)
        return sealing

    return start


def test_openssl_verifies_the_timestamp_that_stands_beside_the_checkpoint(
    timestamping: Callable[[str], Sealing], timestamp_authority: TimestampAuthority, tmp_path: Path
) -> None:
    sealing = timestamping(timestamp_authority.url)
    assert seal(sealing.house).timestamped == 1
    size = f"{latest(sealing).size:020}"
    files = {"note": f"checkpoints/{size}", "tsr": f"timestamps/{size}.tsr", "pem": f"timestamps/{size}.pem"}
    for name, key in files.items():
        (tmp_path / name).write_bytes(sealing.body(f"evidence/log/{key}"))
    assert (tmp_path / "pem").read_text().count("BEGIN CERTIFICATE") == 2
    for verifying in (timestamp_authority.roots_file, tmp_path / "pem"):
        command = [
            "openssl",
            "ts",
            "-verify",
            "-data",
            tmp_path / "note",
            "-in",
            tmp_path / "tsr",
            "-CAfile",
            verifying,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "Verification: OK" in done.stdout, done.stderr
    assert not needs_sealing(sealing.house)
    log_in(sealing)


def test_an_authority_that_is_down_is_asked_again(
    timestamping: Callable[[str], Sealing], timestamp_authority: TimestampAuthority
) -> None:
    port = free_port()
    sealing = timestamping(f"http://127.0.0.1:{port}")
    assert seal(sealing.house).timestamped == 0
    sealing.settled(THE_NEXT, 1)
    assert seal(sealing.house).timestamped == 0
    sizes = [checkpoint.size for checkpoint in log_in(sealing).checkpoints]
    assert len(sizes) == 2
    assert needs_sealing(sealing.house)
    with answering(port, lambda question: (200, _REPLY, reply(timestamp_authority.roots_file.parent, question))):
        assert seal(sealing.house).timestamped == 2
    assert latest(sealing).timestamp_error is None
    assert not needs_sealing(sealing.house)
    assert {key[-24:] for key in sealing.versions("evidence/log/timestamps/")} == {
        f"{size:020}.{name}" for size in sizes for name in ("tsr", "pem")
    }


def test_why_it_could_not_be_had_is_on_the_checkpoint(timestamping: Callable[[str], Sealing]) -> None:
    sealing = timestamping(f"http://127.0.0.1:{free_port()}")
    seal(sealing.house)
    assert "the timestamp authority does not answer: ConnectionError" in (latest(sealing).timestamp_error or "")


@pytest.mark.long
def test_every_odd_answer_is_refused_in_words(
    timestamping: Callable[[str], Sealing], timestamp_authority: TimestampAuthority, tmp_path: Path
) -> None:
    folder = timestamp_authority.roots_file.parent
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    make_authority(stranger)
    earlier: list[bytes] = []

    def to_an_earlier_question(question: bytes) -> bytes:
        earlier.append(question)
        return reply(folder, earlier[0])

    def about_something_else(question: bytes) -> bytes:
        return reply(folder, question[:40] + bytes([question[40] ^ 1]) + question[41:])

    answers: list[tuple[Callable[[bytes], tuple[int, str, bytes]], str]] = [
        (lambda _: (500, "text/html", b"busy"), "does not answer: HTTP 500"),
        (lambda _: (404, "text/html", b"none"), "it answers HTTP 404"),
        (lambda _: (302, _REPLY, b""), "it answers HTTP 302"),
        (lambda question: (200, "text/html", reply(folder, question)), "its answer is no application/timestamp-reply"),
        (lambda _: (200, _REPLY, b""), "not a TimeStampResp in DER"),
        (lambda _: (200, _REPLY, b"<html>"), "not a TimeStampResp in DER"),
        (lambda _: (200, _REPLY, b"0" * 100_000), "more than 65536 bytes"),
        (lambda question: (200, _REPLY, reply(folder, question)[:-9]), "not a TimeStampResp in DER"),
        (lambda _: (200, _REPLY, reply(folder, b"no question")), "did not grant it: rejection"),
        (lambda question: (200, _REPLY, about_something_else(question)), "does not hold"),
        (lambda question: (200, _REPLY, reply(stranger, question)), "does not hold"),
        (lambda question: (200, _REPLY, to_an_earlier_question(question)), "its nonce is not ours"),
    ]
    port = free_port()
    sealing = timestamping(f"http://127.0.0.1:{port}")
    seal(sealing.house)
    earlier.append(timestamp_question(latest(sealing).note.encode()).der)
    for answer, words in answers:
        with answering(port, answer):
            assert timestamp_checkpoints(sealing.house) == 0
        assert words in (latest(sealing).timestamp_error or ""), words
    assert sealing.versions("evidence/log/timestamps/") == {}


def test_an_authority_whose_clock_is_wrong_is_refused(
    timestamping: Callable[[str], Sealing], timestamp_authority: TimestampAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing = timestamping(timestamp_authority.url)
    with monkeypatch.context() as patched:
        patched.setattr("strongroom.pipeline.timestamping.utc_now", lambda: utc_now() + timedelta(minutes=6))
        assert seal(sealing.house).timestamped == 0
    assert "is more than 5 minutes from ours" in (latest(sealing).timestamp_error or "")


def test_without_roots_no_timestamp_is_believed(
    start_sealing: StartSealing, timestamp_authority: TimestampAuthority
) -> None:
    sealing = start_sealing(STRONGROOM_TIMESTAMP_URL=timestamp_authority.url)
    sealing.settled(A_DAY, 1)
    assert seal(sealing.house).timestamped == 0
    assert "STRONGROOM_TIMESTAMP_ROOTS_FILE" in (latest(sealing).timestamp_error or "")


def test_a_restored_ledger_takes_the_timestamp_that_stands(
    timestamping: Callable[[str], Sealing], timestamp_authority: TimestampAuthority, postgres: Postgres
) -> None:
    sealing = timestamping(timestamp_authority.url)
    old = sealing.backup(postgres)
    seal(sealing.house)
    versions = sealing.versions()
    seal(old.house)
    assert old.versions() == versions
    assert latest(old).timestamp_token == latest(sealing).timestamp_token
    assert latest(old).timestamp_at == latest(sealing).timestamp_at


class TestWitness:
    """A file, or a bucket, that someone else keeps."""

    def test_a_file_that_can_not_be_written_gets_every_checkpoint_later(
        self, start_sealing: StartSealing, tmp_path: Path
    ) -> None:
        witness = tmp_path / "elsewhere" / "witness"
        sealing = start_sealing(STRONGROOM_WITNESS=str(witness))
        for day in (A_DAY, THE_NEXT):
            sealing.settled(day, 1)
            assert seal(sealing.house).witnessed == 0
        assert "No such file" in (sealing_error(sealing, log_in(sealing).checkpoints[0].size) or "")
        assert needs_sealing(sealing.house)
        witness.parent.mkdir()
        assert seal(sealing.house).witnessed == 2
        assert not needs_sealing(sealing.house)
        notes = [sealing.body(key) for key in sorted(sealing.versions("evidence/log/checkpoints/"))]
        assert witness.read_bytes() == b"".join(note + b"\n" for note in notes)

    def test_a_bucket_that_is_not_there_gets_every_checkpoint_later(self, start_sealing: StartSealing) -> None:
        sealing = start_sealing(STRONGROOM_WITNESS="s3://sealing-witness/of/us")
        for day in (A_DAY, THE_NEXT):
            sealing.settled(day, 1)
            assert seal(sealing.house).witnessed == 0
        client = sealing.house.store.patient
        client.create_bucket(Bucket="sealing-witness")
        assert seal(sealing.house).witnessed == 2
        for key in sealing.versions("evidence/log/checkpoints/"):
            sent = client.get_object(Bucket="sealing-witness", Key=f"of/us/{key[-20:]}")["Body"].read()
            assert sent == sealing.body(key)

    def test_a_witness_that_has_another_checkpoint_is_not_overwritten(self, start_sealing: StartSealing) -> None:
        sealing = start_sealing(STRONGROOM_WITNESS="s3://sealing-other-witness")
        sealing.settled(A_DAY, 1)
        client = sealing.house.store.patient
        client.create_bucket(Bucket="sealing-other-witness")
        client.put_object(Bucket="sealing-other-witness", Key=f"{4:020}", Body=b"another log's")
        assert seal(sealing.house).witnessed == 0
        assert "the witness has another checkpoint" in (latest(sealing).witness_error or "")
        standing = client.get_object(Bucket="sealing-other-witness", Key=f"{4:020}")["Body"].read()
        assert standing == b"another log's"


def sealing_error(sealing: Sealing, size: int) -> str | None:
    """Why the witness hasn't got a checkpoint."""
    checkpoint = find_checkpoint(sealing.engine, size)
    return None if checkpoint is None else checkpoint.witness_error


@given(
    st.lists(st.sampled_from([b"log\n1\n\nsig 1\n", b"log\n12\n\nsig 2\n", b"log\n3\n\nsig 3\n"]), unique=True),
    st.data(),
)
def test_a_note_is_in_the_file_once_wherever_writing_it_was_cut_off(notes: list[bytes], data: st.DataObject) -> None:
    """Each is cut off somewhere and appended again, and once more for nothing."""
    with tempfile.TemporaryDirectory() as folder:
        witness = Path(folder) / "witness"
        whole = b""
        for note in notes:
            kept = data.draw(st.integers(0, len(note) + 1))
            append_note(witness, note)
            witness.write_bytes(whole + (note + b"\n")[:kept])
            append_note(witness, note)
            append_note(witness, note)
            whole += note + b"\n"
            assert witness.read_bytes() == whole

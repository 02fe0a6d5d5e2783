"""What pages are made of: odd records, hostile text, and the arithmetic of clocks and timelines."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from web.api.models import DueTime
from web.views.clock import clock
from web.views.query import Given
from web.views.safe_html import CONTENT_SECURITY_POLICY, mail_document, sanitised
from web.views.saving import saved_name
from web.views.timeline import timeline
from web.views.transcript import read_transcript
from web.views.wording import duration, plain, prose, size

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
END = START + timedelta(minutes=10)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def segment(start_s: float, end_s: float | None, **more: Any) -> dict[str, Any]:
    """A segment so many seconds after the start."""
    end = {} if end_s is None else {"segmentEnd": (START + timedelta(seconds=end_s)).isoformat()}
    started = (START + timedelta(seconds=start_s)).isoformat()
    return {"segmentStart": started, "segmentType": "interact", **end, **more}


def record(*segments: dict[str, Any], purpose: str = "agent") -> dict[str, Any]:
    """A record of one participant on one call."""
    session = {"sessionId": "s", "mediaType": "voice", "segments": list(segments)}
    return {"participants": [{"purpose": purpose, "userId": "u-1", "participantName": "A", "sessions": [session]}]}


def test_the_timeline_draws_what_happened_where_it_happened() -> None:
    names = {"users": {"u-1": "Zoë Evans"}, "queues": {"q-1": "Complaints"}}
    line = timeline(
        record(segment(0, 150, queueId="q-1", disconnectType="transfer"), segment(300, 600, segmentType="hold")),
        names,
        START,
        END,
    )
    (lane,) = line.lanes
    assert (lane.name, lane.role, lane.queue) == ("Zoë Evans", "Agent", "Complaints")
    assert [(bar.kind, bar.x, bar.width) for bar in lane.bars] == [("talk", 0, 25), ("hold", 50, 50)]
    assert line.transfers == 1 and "then transferred" in line.moments[0].what
    assert all(0 <= tick.x < 100 for tick in line.ticks)


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.sampled_from(["participants", "divisionIds"]),
        st.lists(
            st.dictionaries(
                st.sampled_from(["purpose", "userId", "sessions", "participantName"]),
                JSON | st.lists(st.dictionaries(st.sampled_from(["mediaType", "segments", "sessionId"]), JSON)),
            )
        ),
    )
)
def test_no_record_is_too_odd_for_a_timeline(odd: dict[str, Any]) -> None:
    line = timeline(odd, {"queues": None, "users": {"u": None}}, START, END)
    assert line.end > line.start
    assert all(0 <= bar.x <= 100 for lane in line.lanes for bar in lane.bars)


def test_of_very_many_segments_the_longest_are_drawn_and_all_are_told() -> None:
    segments = [segment(n, n + (2 if n == 250 else 1)) for n in range(500)]
    line = timeline(record(*segments), None, START, END)
    assert len(line.lanes[0].bars) < 500 == len(line.moments)
    assert any(bar.width == pytest.approx(2 / 6, abs=0.1) for bar in line.lanes[0].bars)


@given(JSON, st.sampled_from(["transcript", "messagingTranscript", "emailTranscript"]))
def test_no_transcript_is_too_odd_to_be_read(odd: Any, kind: str) -> None:
    found = read_transcript(
        json.dumps({kind: [odd, {"from": odd, "attachments": [{"name": odd}], "user": odd}]}).encode()
    )
    assert found is not None
    assert read_transcript(json.dumps({kind: odd}).encode()[:-1]) is None


HOSTILE = (
    "<script>alert(1)</script>",
    '<img src="https://evil.example/x.png" onerror="alert(1)">',
    '<a href="javascript:alert(1)">here</a>',
    '<a href="https://evil.example/">here</a>',
    '<form action="https://evil.example/"><input name="password"></form>',
    '<iframe src="https://evil.example/"></iframe>',
    '<svg><script>alert(1)</script><image href="https://evil.example/"/></svg>',
    '<math><mtext><style><img src=x onerror="alert(1)"></style></mtext></math>',
    "<style>body{background:url(https://evil.example/)}</style>",
    '<div style="background:url(https://evil.example/)">x</div>',
    '<base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=https://evil.example/">',
    '<link rel="stylesheet" href="https://evil.example/x.css"><object data="https://evil.example/"></object>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<table background="https://evil.example/"><tr><td>x</td></tr></table>',
)


@pytest.mark.parametrize("html", HOSTILE)
def test_of_an_email_nothing_is_left_that_acts_or_loads(html: str) -> None:
    document = mail_document(html).lower()
    body = document.split("</style>", 1)[1].replace("&lt;", "").replace("&gt;", "")
    for left in (
        "<script",
        "onerror=",
        "href=",
        "src=",
        "url(",
        "<form",
        "<iframe",
        "<svg",
        "<meta",
        "<base",
        "style=",
    ):
        assert left not in body.split('title="')[0], (html, document)
    assert "sandbox" in CONTENT_SECURITY_POLICY and "default-src 'none'" in CONTENT_SECURITY_POLICY


@given(st.text())
def test_sanitising_twice_changes_nothing(html: str) -> None:
    once = sanitised(html)
    assert sanitised(once) == once


def test_what_an_email_says_stays() -> None:
    assert sanitised("<p>I am <b>not</b> happy<br>with <i>fees</i></p><ul><li>one</li></ul>") == (
        "<p>I am <b>not</b> happy<br>with <i>fees</i></p><ul><li>one</li></ul>"
    )


def test_text_can_neither_reorder_a_page_nor_break_its_lines() -> None:
    hostile = "a\u202egpj.exe\u2066\ufeff\x00\x1b[31m\u2028b\r\nc"
    assert plain(hostile) == "agpj.exe [31m b c"
    assert prose("one\r\ntwo\tthree\u202e") == "one\ntwo\tthree"
    assert plain("x" * 500, 10) == "xxxxxxxxx…"
    assert plain("שלום") == "שלום"


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("../../etc/passwd", "etc_passwd"),
        ("statement.pdf; rm -rf ~", "statement.pdf_rm_-rf"),
        ("$(reboot).wav", "reboot_.wav"),
        ("=cmd|' /C calc'!A0.csv", "cmd_C_calc_A0.csv"),
        ("\r\nSet-Cookie: a=b", "Set-Cookie_a_b"),
        ("…", "file-7"),
        (".bashrc", "bashrc"),
    ],
)
def test_a_name_in_a_shell_is_nothing_but_a_name(name: str, saved: str) -> None:
    assert saved_name(name, 7) == saved


@given(st.floats(min_value=0, max_value=1e8), st.integers(min_value=0, max_value=2**50))
def test_durations_and_sizes_are_words(seconds: float, size_bytes: int) -> None:
    assert duration(seconds).split()[0].isdigit()
    assert size(size_bytes).split()[-1] in {"byte", "bytes", "KiB", "MiB", "GiB"}


@pytest.mark.parametrize(
    ("state", "left", "ready_by", "tone", "words"),
    [
        ("preparing", timedelta(hours=3, minutes=5), None, "calm", "3 h 05 min left"),
        ("preparing", timedelta(minutes=59), None, "soon", "59 min 00 s left"),
        ("preparing", timedelta(hours=3), timedelta(hours=5), "soon", "3 h 00 min left"),
        ("preparing", timedelta(minutes=-2), None, "late", "2 min 00 s overdue"),
        ("ready", timedelta(hours=1), None, "over", "Ready 2 h 00 min before it was due"),
        ("ready", timedelta(hours=-2), None, "late", "Ready 1 h 00 min late"),
        ("cancelled", timedelta(hours=1), None, "over", "The clock was stopped: cancelled"),
    ],
)
def test_the_clock(state: str, left: timedelta, ready_by: timedelta | None, tone: str, words: str) -> None:
    now = START
    shown = clock(now + left, state, now - timedelta(hours=1), None if ready_by is None else now + ready_by, now)
    assert (shown.tone, shown.words) == (tone, words)
    assert shown.running == (state == "preparing")


def test_a_query_tells_what_is_wrong_with_it_by_field() -> None:
    given_ = Given({"from": "10.3.2026", "to": "2026-03-10", "conversation_id": "x", "text": " a\0b ", "cursor": ""})
    assert (given_.day("from"), str(given_.day("to")), given_.id("conversation_id")) == (None, "2026-03-10", None)
    assert set(given_.errors) == {"from", "conversation_id"}
    assert given_.text("text") == "ab" and given_.text("cursor") is None
    assert given_.path("/search", cursor="x&y", text=None, conversation_id=None) == (
        "/search?from=10.3.2026&to=2026-03-10&cursor=x%26y"
    )


@pytest.mark.parametrize("offset", ["+23:59", "-23:59", "Z"])
def test_a_due_time_is_read_in_utc_whatever_its_offset(offset: str) -> None:
    """PostgreSQL takes no offset of 16 hours and more."""
    due = TypeAdapter(DueTime).validate_python(f"2026-11-24T14:00:00{offset}")
    assert due == datetime.fromisoformat(f"2026-11-24T14:00:00{offset}")
    assert due.utcoffset() == timedelta(0)


def test_a_due_time_that_utc_does_not_have_is_refused() -> None:
    with pytest.raises(ValidationError, match="years 1 to 9999"):
        TypeAdapter(DueTime).validate_python("0001-01-01T00:00:00+14:00")

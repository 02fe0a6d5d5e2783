"""A file's name, whoever chose it: never a path, a header or a trick on the eye; and what a browser must not run."""

import re
import unicodedata
from email.message import EmailMessage
from email.policy import HTTP

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from web.disposition import content_disposition, may_be_inline, safe_name, served_type

KEY = "archive/2025-05-14/7c0f/recordings/r1.wav"


@given(st.none() | st.text(max_size=400))
@example("../../etc/passwd")
@example("..\\..\\boot.ini")
@example("a\r\nSet-Cookie: x=y\r\n\r\n<script>")
@example("invoice\N{RIGHT-TO-LEFT OVERRIDE}fdp.exe")
@example('"; filename="other.html')
@example("\ud800.txt")
@example("NUL.txt")
@example("x" * 300 + ".pdf")
def test_no_name_is_a_path_or_a_header(name: str | None) -> None:
    safe = safe_name(name, KEY)
    assert 0 < len(safe) <= 151
    assert not set(safe) & set('/\\"<>:|?*')
    assert not safe.startswith(".")
    assert all(unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for one in safe)
    value = content_disposition(safe, inline=False)
    assert re.fullmatch(r"[ -~]+", value)
    assert value.startswith('attachment; filename="')
    assert value.count('"') == 2
    message = EmailMessage(policy=HTTP)
    message["Content-Disposition"] = value
    # an independent reader of RFC 2231's form, which RFC 8187 took over, reads the very name
    if "filename*=" in value:
        extended = value.rpartition("filename*=")[2]
        message = EmailMessage(policy=HTTP)
        message["Content-Disposition"] = f"attachment; filename*={extended}"
        assert message.get_filename() == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        (None, "r1.wav"),
        ("", "r1.wav"),
        ("...", "r1.wav"),
        ("Jahresabschluß 2025.pdf", "Jahresabschluß 2025.pdf"),
        ("C:\\Users\\x\\offer.docx", "offer.docx"),
        ("con.txt", "_con.txt"),
        ("=cmd|' /C calc'!A0.csv", "C calc'!A0.csv"),
    ],
)
def test_names_as_people_give_them(name: str | None, safe: str) -> None:
    assert safe_name(name, KEY) == safe


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html",
        "image/svg+xml",
        "application/xhtml+xml",
        "text/xml",
        "application/pdf",
        "text/javascript",
        "message/rfc822",
        "",
    ],
)
def test_what_a_browser_could_run_is_never_shown_in_place(content_type: str) -> None:
    assert not may_be_inline(content_type)
    assert not may_be_inline(f"{content_type}; charset=utf-8")


@pytest.mark.parametrize("content_type", ["audio/wav", "audio/ogg", "video/webm", "image/png", "text/plain"])
def test_what_is_played_and_looked_at_is(content_type: str) -> None:
    assert may_be_inline(content_type)


@given(st.text(max_size=300))
@example("text/html\r\nX: y")
def test_a_content_type_is_one_line(content_type: str) -> None:
    assert re.fullmatch(r"[ -~]{1,200}", served_type(content_type))

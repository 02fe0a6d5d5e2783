"""What is said in a transcript, read from whatever Genesys sends."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from strongroom.pipeline.found_by import customer_addresses
from strongroom.pipeline.transcripts import texts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["transcript", "messagingTranscript", "emailTranscript", "body", "to", "from", "htmlBody", "participants",
             "purpose", "sessions", "ani", "dnis", "callbackNumbers", "attachments"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


def said(document: Any) -> list[str]:
    """The texts, without those that are empty."""
    return [text for text in texts(document) if text.strip()]


def test_each_kind_of_text() -> None:
    assert said({"transcript": [{"body": "Hello"}, {"body": None}, 3, {"body": "Bye"}]}) == ["Hello", "Bye"]
    message = {"messageText": "Hi", "messageMediaAttachments": [{"name": "a.pdf", "url": "https://x"}]}
    assert said({"messagingTranscript": [message]}) == ["Hi", "a.pdf"]
    email = {
        "subject": "Fees",
        "from": {"email": "a@b.example", "name": "Anna"},
        "to": [{"email": "c@d.example"}],
        "textBody": "Why?",
        "htmlBody": "<p>Why?</p>",
        "attachments": [{"name": "bill.pdf"}],
    }
    assert said({"emailTranscript": [email]}) == ["Fees", "Anna", "a@b.example", "c@d.example", "Why?", "bill.pdf"]


def test_of_html_what_is_seen() -> None:
    html = "<style>.x{}</style><script>alert(1)</script><p>One<br>two&nbsp;th<b>ree</b><!-- no --></p>"
    html += "<td>4</td><td>5</td>"
    (shown,) = said({"emailTranscript": [{"textBody": " ", "htmlBody": html}]})
    assert shown.split() == ["One", "two", "three", "4", "5"]
    assert said({"emailTranscript": [{"htmlBody": "a < b <p"}]})


@given(JSON)
def test_nothing_that_is_sent_is_too_odd(document: Any) -> None:
    assert all(isinstance(text, str) for text in texts(document))
    if isinstance(document, dict):
        assert all(isinstance(address, str) for address in customer_addresses(document))


def test_whose_numbers_are_the_customers() -> None:
    def record(purpose: str, **session: Any) -> dict[str, Any]:
        return {"participants": [{"purpose": purpose, "sessions": [session]}]}

    ends = {"ani": "tel:+1", "dnis": "tel:+2"}
    assert list(customer_addresses(record("customer", direction="inbound", **ends))) == ["tel:+1"]
    assert list(customer_addresses(record("customer", direction="outbound", **ends))) == ["tel:+2"]
    assert list(customer_addresses(record("external", **ends))) == ["tel:+1", "tel:+2"]
    assert list(customer_addresses(record("agent", direction="inbound", **ends))) == []
    called = record("customer", direction="outbound", callbackNumbers=["+3", None], addressOther="a@b.example")
    assert list(customer_addresses(called)) == ["a@b.example", "+3"]

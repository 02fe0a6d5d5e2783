"""What is found, by whom, in which order, and what is refused; against a real PostgreSQL."""

import random
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from indexed import ANALYST, END, LONDON, PARIS, ids_found, put, rows_found, within

from strongroom.house import House
from strongroom.ledger import search as ledger_search
from strongroom.ledger.references import ConversationRef
from strongroom.ledger.search import SearchTooLong
from strongroom.ledger.search_index import Term, forget
from strongroom.legal import holds
from strongroom.legal.access import Forbidden, NotThere, Principal, Role
from strongroom.legal.errors import Misuse
from strongroom.legal.search import SearchQuery, find, look_up
from strongroom.pipeline.indexing import index_conversation

BILLING = Term("queue", str(uuid4()), "Billing – Équities")
CLAIMS = Term("queue", str(uuid4()), "Claims")
ANN = Term("agent", str(uuid4()), "Ann O'Hara 100%")
BEN = Term("agent", str(uuid4()), "Ben_Schäfer")
VOICE, EMAIL = Term("media", "voice"), Term("media", "email")

# the same conversations for every example; each looks, none changes them
AGAIN = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

INJECTIONS = (
    "' OR 1=1 --", "%", "_", "\\", "'; DROP TABLE search_records; --", "{}", "{a,b}", "%(x)s", ":x", "$1", "\x00",
    "\ud800", "a' & 'b", "a | b", "!a", "(", "<->", ":*", "*", '"', "'''", "\\'", "ANY(ARRAY[1])", "NULL",
)  # fmt: skip


def test_each_filter_finds_what_has_it_and_nothing_else(house: House) -> None:
    a = put(
        house,
        BILLING,
        ANN,
        VOICE,
        LONDON,
        addresses=["+442079460001"],
        external_tag="CASE-1",
        end=END,
        direction="inbound",
    )
    b = put(
        house, CLAIMS, BEN, EMAIL, PARIS, addresses=["bob@example.com"], texts=["the fees"],
        end=END + timedelta(days=1), direction="outbound",
    )  # fmt: skip
    assert ids_found(house) == {a, b}
    for query in (
        {"conversation_id": str(a)},
        {"conversation_id": str(a).upper()},
        {"external_tag": "CASE-1"},
        {"started_to": END},
        {"started_from": END - timedelta(minutes=10), "started_to": END - timedelta(minutes=9)},
        {"ended_from": END, "ended_to": END + timedelta(microseconds=1)},
        {"address": "020 7946 0001"},
        {"address": "+44 (0)20 7946-0001"},
        {"address": "tel:+442079460001"},
        {"address": "00442079460001"},
        {"address": "442079460001"},
        {"address": "sip:+442079460001@10.0.0.1;user=phone"},
        {"agent": "o'hara"},
        {"agent": "100%"},
        {"agent": ANN.value},
        {"queue": "equities"},
        {"queue": "BILLING"},
        {"media": "voice"},
        {"direction": "inbound"},
        {"division": "london"},
        {"division": LONDON.value},
    ):
        assert ids_found(house, **query) == {a}, query
    for query in (
        {"address": "Bob@EXAMPLE.com"},
        {"address": "mailto:bob@example.com"},
        {"agent": "schafer"},
        {"text": "FEES"},
        {"media": "email", "queue": "claims", "division": "paris", "text": "fee*", "ended_from": END},
        {"started_from": END},
    ):
        assert ids_found(house, **query) == {b}, query
    for query in (
        {"media": "email", "queue": "billing"},
        {"agent": "ann", "address": "bob@example.com"},
        {"queue": "nobody's"},
        {"ended_to": END - timedelta(minutes=20)},
        {"address": "anonymous"},
        {"retention_class": "default", "held": True},
        {"agent": "%"} | {"queue": "claims"},
    ):
        assert ids_found(house, **query) == set(), query
    assert ids_found(house, retention_class="default", held=False) == {a, b}
    # what is blank is not asked for
    assert ids_found(house, agent=" ", text="", external_tag="\x00") == {a, b}


def test_what_is_shown_of_a_conversation(house: House) -> None:
    unnamed = Term("agent", str(uuid4()))
    a = put(
        house, BILLING, ANN, unnamed, VOICE, EMAIL, LONDON, addresses=["+442079460001"], texts=["x"], gap="it is cold"
    )
    shown = look_up(house, ANALYST, a)
    assert rows_found(house) == [shown]
    assert (shown.queues, shown.media, shown.divisions) == ((BILLING.name,), ("email", "voice"), (LONDON.value,))
    assert set(shown.agents) == {ANN.name, unnamed.value}
    assert (shown.revision, shown.recordings, shown.held, shown.text_gap) == (1, 1, False, "it is cold")
    assert (shown.retention_class, shown.conversation_end) == ("default", END)


def test_a_page_ends_where_the_next_begins_also_among_equal_ends(house: House) -> None:
    draw = random.Random(1)
    queues = [BILLING, CLAIMS]
    made = [
        put(
            house, *draw.sample(queues, draw.randint(1, 2)), draw.choice([ANN, BEN]), draw.choice([LONDON, PARIS]),
            end=END + timedelta(seconds=draw.randrange(3)), texts=draw.choice([[], ["some fees"], ["fees", "fees"]]),
        )
        for _ in range(60)
    ]  # fmt: skip

    @AGAIN
    @given(
        page_size=st.integers(1, 25),
        query=st.sampled_from(
            [{}, {"queue": "i"}, {"queue": "claims"}, {"text": "fees"}, {"agent": "n"}, {"direction": "inbound"}]
        ),
        principal=st.sampled_from([ANALYST, within(LONDON), within(LONDON, PARIS)]),
    )
    def each_once(page_size: int, query: dict[str, str], principal: Principal) -> None:
        rows = rows_found(house, principal, page_size=page_size, **query)
        keys = [(row.conversation_end, row.conversation_id.bytes) for row in rows]
        assert keys == sorted(set(keys), reverse=True)
        assert rows == rows_found(house, principal, page_size=100, **query)
        if not query and principal is ANALYST:
            assert {row.conversation_id for row in rows} == set(made)

    each_once()


def test_a_cursor_that_was_changed_or_is_of_another_search_is_refused(house: House) -> None:
    for _ in range(3):
        put(house, BILLING)
    cursor = find(house, ANALYST, SearchQuery(page_size=1)).next_cursor
    assert cursor is not None
    following = find(house, ANALYST, SearchQuery(page_size=1, cursor=cursor))
    with pytest.raises(Misuse, match="not the cursor of this search"):
        find(house, ANALYST, SearchQuery(page_size=1, cursor=cursor, queue="billing"))

    @AGAIN
    @given(place=st.integers(0, len(cursor) - 1), character=st.sampled_from("Aa0_-=%\x00é "))
    def changed(place: int, character: str) -> None:
        other = cursor[:place] + character + cursor[place + 1 :]
        try:
            assert find(house, ANALYST, SearchQuery(page_size=1, cursor=other)) == following
        except Misuse as error:
            assert "not the cursor" in str(error)

    @AGAIN
    @given(st.text(max_size=300))
    def made_up(other: str) -> None:
        with pytest.raises(Misuse, match="not the cursor"):
            find(house, ANALYST, SearchQuery(cursor=other))

    changed()
    made_up()


@pytest.mark.parametrize("principal", [within(LONDON), within()], ids=["another division", "no division"])
def test_what_is_in_another_division_is_not_there(house: House, principal: Principal) -> None:
    theirs = put(
        house, BILLING, ANN, VOICE, PARIS, addresses=["+442079460001"], texts=["secret"], external_tag="CASE-1"
    )
    put(house, BILLING, ANN, VOICE, addresses=["+442079460001"], texts=["secret"], external_tag="CASE-1")
    for query in (
        {},
        {"conversation_id": str(theirs)},
        {"external_tag": "CASE-1"},
        {"address": "+442079460001"},
        {"text": "secret"},
        {"queue": "billing"},
        {"agent": "ann", "media": "voice"},
        {"division": "paris"},
        {"division": PARIS.value},
        {"ended_from": END, "direction": "inbound"},
    ):
        assert ids_found(house, principal, **query) == set(), query
    for conversation_id in (theirs, uuid4()):
        with pytest.raises(NotThere, match="there is no such conversation, or none that you may see"):
            look_up(house, principal, conversation_id)
    both = put(house, LONDON, PARIS)
    assert ids_found(house, within(LONDON)) == {both}
    assert look_up(house, within(PARIS), both).conversation_id == both


@pytest.mark.parametrize("value", INJECTIONS, ids=ascii)
def test_no_value_is_anything_but_a_value(house: House, value: str) -> None:
    made = {put(house, BILLING, ANN, VOICE, LONDON, texts=["a b"], addresses=["+442079460001"], external_tag="T")}
    for name in (
        "external_tag",
        "address",
        "agent",
        "queue",
        "division",
        "text",
        "media",
        "direction",
        "retention_class",
    ):
        try:
            found = ids_found(house, within(LONDON), **{name: value})
        except Misuse:
            continue
        blank = not value.replace("\x00", "").strip()
        holds_it = blank or (name == "agent" and value == "%") or (name == "text" and {*value} & {*"ab"})
        assert found == made if holds_it and name != "text" else found in ([], set(), made), (name, value)
    assert ids_found(house) == made


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"conversation_id": "42"}, "a conversation's id is a UUID"),
        ({"media": "fax"}, "no such media.*voice"),
        ({"direction": "up"}, "no such direction.*inbound, outbound"),
        ({"retention_class": "none"}, "no such retention class.*there are: "),
        ({"text": "…"}, "1 to 50 words"),
        ({"text": "a " * 51}, "1 to 50 words"),
        ({"text": "a*"}, "beginning of a word is too short"),
        ({"page_size": 0}, "1 to 100 rows"),
        ({"page_size": 101}, "1 to 100 rows"),
        ({"started_from": datetime(2025, 1, 1)}, "no time zone"),  # noqa: DTZ001
        ({"ended_from": END, "ended_to": END}, "ends before it begins"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(house: House, query: dict[str, object], words: str) -> None:
    with pytest.raises(Misuse, match=words):
        find(house, ANALYST, SearchQuery(**query))  # type: ignore[arg-type]


def test_who_has_no_right_finds_nothing(house: House) -> None:
    operator = Principal("ops", frozenset({Role.OPERATOR}), None, "here")
    with pytest.raises(Forbidden):
        find(house, operator, SearchQuery())
    with pytest.raises(Forbidden):
        look_up(house, operator, uuid4())


def test_the_log_tells_which_filters_and_never_their_values(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    put(house, BILLING, addresses=["+442079460001"])
    find(house, ANALYST, SearchQuery(address="020 7946 0001", queue="Billing", text="confidential"))
    told = "".join(capsys.readouterr())
    assert "address" in told and "anna" in told
    assert not any(value in told for value in ("7946", "79460001", "Billing", "confidential"))


def test_words_are_found_in_every_language_and_spelling(house: House) -> None:
    written = {
        "Können Sie mir bitte helfen? Straße 12": ("konnen", "KÖNNEN", "strasse", "Straße", '"strasse 12"', "helf*"),
        "Ich möchte 退款申请 stornieren": ("退款", "申请", '"退款申请"', "stornieren"),
        "Пожалуйста, верните деньги": ("деньги", "ДЕНЬГИ", "верн*"),
        "هل يمكنك مساعدتي": ("يمكنك",),
        "mail anna.smith@example.com re order 12-345/6": ("anna.smith@example.com", "12-345/6", '"order 12"', "anna"),
        "don't – ﬁnal…offer\u0000 \ud800x": ("don't", "final", "offer"),
    }
    made = {text: put(house, texts=[text]) for text in written}
    for text, sought in written.items():
        for one in sought:
            assert ids_found(house, text=one) == {made[text]}, one
    for none in ("smith.anna@example.com", '"12 order"', "退款申请书", "konnen деньги", "fin"):
        assert ids_found(house, text=none) == set(), none


def test_a_very_long_text_is_found_by_any_of_its_words(house: House) -> None:
    word = [f"word{number}x{number * 7919 % 100_003}" for number in range(150_000)]
    long = " ".join(word)
    assert len(long) > 2 * 1024 * 1024
    made = put(house, texts=[long, "first last"])
    for sought in (
        "word0x0",
        "word149999*",
        f'"{word[14_999]} {word[15_000]}"',
        f'"{" ".join(word[29_990:30_010])}"',
        "word77777*",
    ):
        assert ids_found(house, text=sought) == {made}, sought
    usual = put(house, texts=["begin " + "so and so " * 40_000 + " finish"])
    assert ids_found(house, text="begin finish") == {usual}
    assert ids_found(house, text='"so and so finish"') == {usual}
    assert len(rows_found(house, text="so")) == 1


def test_a_later_revision_replaces_and_an_earlier_one_changes_nothing(house: House) -> None:
    first = put(house, BILLING, ANN, LONDON, texts=["one"], addresses=["a@b.example"])
    later = END + timedelta(hours=1)
    assert put(house, CLAIMS, ANN, PARIS, texts=["two"], conversation_id=first, end=later) == first
    assert [row.revision for row in rows_found(house)] == [2]
    for gone in ({"queue": "billing"}, {"text": "one"}, {"address": "a@b.example"}, {"division": "london"}):
        assert ids_found(house, **gone) == set(), gone
    for there in ({"queue": "claims"}, {"text": "two"}, {"agent": "ann"}, {"ended_from": later}):
        assert ids_found(house, **there) == {first}, there
    with house.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE conversations SET indexed_at = NULL WHERE revision = 1")
    index_conversation(house, ConversationRef(first, 1))
    assert [(row.revision, row.conversation_end) for row in rows_found(house)] == [(2, later)]
    assert ids_found(house, text="two") == {first}
    with house.engine.begin() as connection:
        due = "SELECT 1 FROM conversations WHERE indexed_at IS NULL"
        assert connection.exec_driver_sql(due).all() == []


def test_what_is_forgotten_leaves_nothing_behind(house: House) -> None:
    gone = put(house, BILLING, ANN, VOICE, LONDON, texts=["one"], addresses=["a@b.example"], external_tag="T")
    kept = put(house, BILLING, VOICE, LONDON, texts=["one"])
    with house.engine.begin() as connection:
        forget(connection, gone)
    with house.engine.begin() as connection:
        forget(connection, gone)
        forget(connection, uuid4())
    assert ids_found(house) == {kept}
    assert ids_found(house, text="one") == ids_found(house, queue="billing") == {kept}
    with house.engine.begin() as connection:
        for table in ("search_records", "search_postings", "search_texts"):
            found = connection.exec_driver_sql(f"SELECT 1 FROM {table} WHERE conversation_id = %s", (str(gone),))
            assert found.all() == [], table
        names = connection.exec_driver_sql("SELECT name FROM search_terms WHERE kind = 'agent'")
        assert names.all() == []


def test_a_hold_is_found_and_outlives_a_revision(house: House) -> None:
    a, _ = put(house, LONDON), put(house, LONDON)
    manager = Principal("rita", frozenset({Role.RECORDS_MANAGER}), None, "192.0.2.1")
    holds.place(house, manager, "Case 17", "a claim", conversations=[a, uuid4()])
    assert ids_found(house, held=True) == {a}
    put(house, LONDON, conversation_id=a, end=END + timedelta(hours=1))
    assert ids_found(house, held=True, division="london") == {a}
    assert a not in ids_found(house, held=False)


def test_a_search_that_takes_too_long_is_given_up_in_words(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    put(house, LONDON)
    monkeypatch.setattr(ledger_search, "page_statement", lambda *_: ledger_search.text("SELECT pg_sleep(3)"))
    monkeypatch.setattr(ledger_search, "LONGEST_SEARCH_S", 1)
    with pytest.raises(SearchTooLong, match=r"given up.*shorter time"):
        find(house, ANALYST, SearchQuery())


def test_a_common_name_is_found_on_the_way(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """More terms than are merged, and more postings than are all read: the answers are the same."""
    agents = [Term("agent", str(uuid4()), f"Agent {number}") for number in range(8)]
    made = [put(house, agent, BILLING, LONDON, end=END + timedelta(seconds=n)) for n, agent in enumerate(agents)]
    expected = [rows_found(house, page_size=3, **query) for query in ({"agent": "agent"}, {"queue": "billing"})]
    monkeypatch.setattr(ledger_search, "_MERGED_TERMS", 4)
    monkeypatch.setattr(ledger_search, "_MANY", 2)
    assert [rows_found(house, page_size=3, **query) for query in ({"agent": "agent"}, {"queue": "billing"})] == expected
    assert [row.conversation_id for row in expected[0]] == made[::-1]
    assert ids_found(house, within(LONDON), agent="agent 3", queue="billing", started_to=END + timedelta(1)) == {
        made[3]
    }

"""Policy files that must be refused, each with the line at fault and words that tell what to correct."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import Misconfigured
from strongroom.retention.policy import Policy, PolicyInvalid, load_policy

GOOD = """\
cap_years: 15
default_class: plain
classes:
  plain:
    basis: business policy
    required_years: 3
    retained_years: 3
    lock_mode: GOVERNANCE
    erasable: true
    retrieval_promise_hours: 4
  strict:
    basis: FINRA Rule 4511(b)
    required_years: 6
    retained_years: 7
    lock_mode: COMPLIANCE
    erasable: false
    retrieval_promise_hours: 4
rules:
  - name: advice
    class: strict
    when:
      queue: ["Advice*"]
      media_type: voice
  - name: machines
    class: plain
    when:
      participants: ivr-only
"""

# (line that is replaced, what by, [(line of the fault, words of its message), …: all of the faults])
Edit = tuple[int, str, list[tuple[int, str]]]
EDITS: dict[str, Edit] = {
    "cap zero": (1, "cap_years: 0", [(1, "'cap_years' must be a whole number from 1 to 30")]),
    "cap above the hard cap": (1, "cap_years: 31", [(1, "hard cap")]),
    "cap a bool": (1, "cap_years: true", [(1, "not 'true' (true/false)")]),
    "cap below a class": (1, "cap_years: 6", [(14, "from 1 to 6 (the cap on years), not 7")]),
    "unknown top-level key": (1, "cap_year: 15", [(1, "unknown key 'cap_year'; did you mean 'cap_years'?")]),
    "default class missing": (2, "", [(1, "'default_class' is missing")]),
    "default class unknown": (2, "default_class: plane", [(2, "did you mean 'plain'?")]),
    "default class a list": (2, "default_class: [plain]", [(2, "must be text, not a list")]),
    "default class nothing": (2, "default_class:", [(2, "must be text, not nothing")]),
    "top-level key twice": (2, "default_class: plain\ndefault_class: strict", [(3, "given twice (first on line 2)")]),
    "class twice": (11, "  plain:", [(11, "'plain' is given twice (first on line 4)"), (20, "'strict' is not known")]),
    "class name in capitals": (4, "  Plain:", [(2, "did you mean 'Plain'"), (4, "small letters"), (25, "'plain'")]),
    "class name a number": (11, "  2024:", [(11, "must be text"), (20, "'strict' is not known")]),
    "class name a yes": (11, "  yes:", [(11, "put it in quotes"), (20, "'strict' is not known")]),
    "class a text": (11, "  other: text\n  strict:", [(11, "class 'other' must be keys with values, not the text")]),
    "class empty": (11, "  other:\n  strict:", [(11, "class 'other' must be keys with values, not nothing")]),
    "basis missing": (5, "", [(4, "class 'plain': 'basis' is missing")]),
    "basis empty": (5, '    basis: ""', [(5, "is empty")]),
    "basis a date": (5, "    basis: 2024-01-01", [(5, "not '2024-01-01' (a date): put it in quotes")]),
    "basis of two lines": (5, '    basis: "a\\nb"', [(5, "invisible character")]),
    "basis too long": (5, f"    basis: {'x' * 301}", [(5, "longer than 300")]),
    "years key mistyped": (14, "    retaned_years: 7", [(11, "'retained_years' is missing"), (14, "did you mean")]),
    "years twice": (14, "    retained_years: 7\n    retained_years: 8", [(15, "given twice (first on line 14)")]),
    "years above the cap": (14, "    retained_years: 70", [(14, "from 1 to 15 (the cap on years), not 70")]),
    "years beyond all numbers": (14, f"    retained_years: {'9' * 5000}", [(14, "must be a whole number")]),
    "years zero": (6, "    required_years: 0", [(6, "from 1 to 15 (the cap on years), not 0")]),
    "years negative": (6, "    required_years: -3", [(6, "not -3")]),
    "years a bool": (7, "    retained_years: yes", [(7, "not 'yes' (true/false)")]),
    "years a text": (7, "    retained_years: seven", [(7, "not the text 'seven'")]),
    "years quoted": (7, '    retained_years: "7"', [(7, "not the text '7'")]),
    "years a fraction": (7, "    retained_years: 3.5", [(7, "not '3.5'")]),
    "years octal": (7, "    retained_years: 010", [(7, "not '010'")]),
    "years sexagesimal": (7, "    retained_years: 1:10", [(7, "not '1:10'")]),
    "years nothing": (7, "    retained_years:", [(7, "not nothing")]),
    "retained below required": (14, "    retained_years: 5", [(14, "5 is less than 'required_years' 6")]),
    "lock mode unknown": (15, "    lock_mode: compliant", [(15, "did you mean 'COMPLIANCE'?")]),
    "lock mode in small letters": (8, "    lock_mode: governance", [(8, "did you mean 'GOVERNANCE'?")]),
    "lock mode off": (8, "    lock_mode: off", [(8, "must be text, not 'off' (true/false)")]),
    "erasable a text": (9, "    erasable: maybe", [(9, "must be true or false, not the text 'maybe'")]),
    "erasable a number": (9, "    erasable: 1", [(9, "must be true or false")]),
    "erasable under COMPLIANCE": (16, "    erasable: true", [(16, "contradicts COMPLIANCE")]),
    "promise zero": (10, "    retrieval_promise_hours: 0", [(10, "from 1 to 720 (thirty days), not 0")]),
    "promise with a unit": (10, "    retrieval_promise_hours: 4h", [(10, "not the text '4h'")]),
    "rules a mapping": (18, "rules: {}\nother:", [(18, "'rules' must be a list"), (19, "unknown key 'other'")]),
    "rules empty": (18, "rules: []\nother:", [(18, "'rules' is an empty list"), (19, "unknown key 'other'")]),
    "rule a text": (19, "  - all of it\n  - name: advice", [(19, "rule 1 must be keys with values")]),
    "rule name missing": (19, "  -", [(20, "rule 1: 'name' is missing")]),
    "rule name twice": (24, "  - name: ADVICE", [(24, "the rule on line 19 has this name already")]),
    "rule class unknown": (20, "    class: strickt", [(20, "did you mean 'strict'?")]),
    "rule class missing": (25, "", [(24, "rule 2: 'class' is missing")]),
    "rule key unknown": (20, "    class: strict\n    unless: x", [(21, "unknown key 'unless'")]),
    "when missing": (21, "    whem:", [(19, "'when' is missing"), (21, "did you mean 'when'?")]),
    "when empty": (21, "    when: {}\n    else:", [(21, "'when' is empty"), (22, "unknown key 'else'")]),
    "when nothing": (27, "", [(26, "'when' must be keys with values, not nothing")]),
    "condition unknown": (22, "      queues: [a]", [(22, "unknown key 'queues'; did you mean 'queue'?")]),
    "condition twice": (23, '      queue: "Other*"', [(23, "'queue' is given twice")]),
    "condition an empty list": (22, "      queue: []", [(22, "'queue' is an empty list")]),
    "condition nothing": (22, "      queue:", [(22, "must be text, not nothing")]),
    "condition a mapping": (22, "      queue: {id: x}", [(22, "must be text, not keys with values")]),
    "pattern empty": (22, '      queue: ["Advice*", ""]', [(22, "is empty")]),
    "pattern of spaces": (22, '      queue: ["  "]', [(22, "is empty")]),
    "pattern twice": (22, '      queue: ["Advice*", "ADVICE*"]', [(22, "'ADVICE*' is listed twice")]),
    "pattern a number": (22, "      queue: [911]", [(22, "put it in quotes")]),
    "pattern in several lines": (22, "      queue:\n        - Advice*\n        - 7", [(24, "must be text, not '7'")]),
    "id too short": (22, "      queue: 0a1b2c3d-0000-4000-8000-00000000000", [(22, "is not a UUID")]),
    "id without hyphens": (22, "      queue: 0a1b2c3d000040008000000000000000", [(22, "is not a UUID")]),
    "media type unknown": (23, "      media_type: emial", [(23, "'emial' is not known; did you mean 'email'?")]),
    "media type far off": (23, "      media_type: telegraph", [(23, "one of: callback, chat")]),
    "direction unknown": (23, "      direction: inbond", [(23, "did you mean 'inbound'?")]),
    "participants unknown": (27, "      participants: ivr", [(27, "'ivr' is not known; one of: agent, ivr-only")]),
    "purpose unknown": (23, "      purpose: [agent, agents]", [(23, "did you mean 'agent'?")]),
    "ivr-only with a queue": (27, "      participants: ivr-only\n      queue: Sales", [(27, "can never match")]),
    "ivr-only with an agent": (27, "      participants: [ivr-only]\n      purpose: agent", [(27, "can never match")]),
    "tab": (6, "\trequired_years: 3", [(6, "a tab")]),
    "indentation broken": (6, "  required_years: 3", [(7, "not readable as YAML")]),
    "colon missing": (6, "    required_years 3", [(7, "not readable as YAML")]),
    "quote left open": (22, '      queue: ["Advice*]', [(28, "not readable as YAML")]),
    "anchor": (5, "    basis: &basis business policy", [(5, "anchors (&) and aliases (*)")]),
    "alias": (5, "    basis: *basis", [(5, "anchors (&) and aliases (*)")]),
    "pattern that starts with a star": (22, "      queue: *Advice", [(22, "put text that starts with one in quotes")]),
    "merge key": (5, "    <<: {basis: x}", [(4, "'basis' is missing"), (5, "must be text")]),
    "python object": (5, "    basis: !!python/object/apply:os.getcwd []", [(5, "tags (!)")]),
    "tag that changes a type": (14, '    retained_years: !!int "7"', [(14, "tags (!)")]),
    "second document": (18, "---\nrules:", [(18, "a second document")]),
    "key that is a list": (1, "? [cap_years]\n: 15", [(1, "a key must be text, not a list")]),
    "impossible escape": (5, '    basis: "\\UFFFFFFFF"', [(5, "impossible escape")]),
    "control character": (5, "    basis: a\x07b", [(5, "control character")]),
    "nested deeply": (22, "      queue: " + "[" * 5000, [(22, "nested too deeply")]),
}


def edited(number: int, replacement: str) -> str:
    lines = GOOD.splitlines()
    lines[number - 1 : number] = [replacement]
    return "\n".join(lines) + "\n"


def refusal(path: Path, content: bytes) -> PolicyInvalid:
    path.write_bytes(content)
    with pytest.raises(PolicyInvalid) as caught:
        load_policy(path)
    return caught.value


def test_the_file_that_the_cases_break_is_good(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(GOOD)
    policy = load_policy(path)
    assert [each.name for each in policy.classes] == ["plain", "strict"]
    assert policy.warnings == ()


@pytest.mark.parametrize("case", EDITS)
def test_each_fault_is_found_on_its_line_and_nothing_else_is(case: str, tmp_path: Path) -> None:
    number, replacement, expected = EDITS[case]
    faults = refusal(tmp_path / "policy.yaml", edited(number, replacement).encode()).faults
    assert [fault.line for fault in faults] == [line for line, _ in expected], faults
    for fault, (_, words) in zip(faults, expected, strict=True):
        assert words in fault.message


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 1, "the file is empty"),
        (b"# only a comment\n", 1, "the file is empty"),
        (b"just words\n", 1, "must be keys with values"),
        (b"- a\n- list\n", 1, "must be keys with values"),
        (b"null\n", 1, "must be keys with values"),
        (b"{}\n", 1, "'classes' is missing"),
        (b"default_class: x\nclasses: {}\nrules: []\n", 2, "'classes' is empty"),
        (b"default_class: x\nclasses: [x]\nrules: []\n", 2, "'classes' must be keys with values"),
        (GOOD.encode("utf-16"), 1, "not UTF-8"),
        (GOOD.replace("FINRA", "FINRÄ").encode("latin-1"), 12, "not UTF-8"),
        (GOOD.encode() + b"#" * 1024 * 1024, 1, "larger than 1,048,576 bytes"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", 1, "anchors"),
    ],
)
def test_a_file_that_is_no_policy_at_all(content: bytes, line: int, words: str, tmp_path: Path) -> None:
    faults = refusal(tmp_path / "policy.yaml", content).faults
    assert any(fault.line == line and words in fault.message for fault in faults), faults


def test_the_error_is_one_line_with_file_line_and_how_many_more(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    broken = GOOD.replace("erasable: true", "erasable: 1").replace("media_type: voice", "media_type: voices")
    error = refusal(path, broken.replace("required_years: 3", "required_years: 0").encode())
    assert [fault.line for fault in error.faults] == [6, 9, 23]
    assert str(error).count("\n") == 0
    assert f"{path}, line 6" in str(error)
    assert "2 more faults" in str(error)
    assert error.exit_code == 2


@pytest.mark.parametrize("missing", ["no-such-file.yaml", "."])
def test_a_file_that_can_not_be_read_says_so(missing: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="can't be read") as caught:
        load_policy(tmp_path / missing)
    assert "STRONGROOM_POLICY_FILE" in str(caught.value)


@given(
    st.integers(0, len(GOOD)), st.integers(0, 30), st.text(max_size=12) | st.sampled_from("\t:-[]{}&*!|>'\"%@`#?,\n")
)
def test_whatever_is_done_to_a_file_it_loads_or_is_refused_with_a_line(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, inserted: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"mangled-{os.getpid()}.yaml"
    text = GOOD[:start] + inserted + GOOD[start + length :]
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        policy = load_policy(path)
    except PolicyInvalid as error:
        # YAML also counts line breaks that only Unicode knows, so the bound is the generous one.
        assert all(1 <= fault.line <= len(text.splitlines()) + 1 for fault in error.faults)
    else:
        assert isinstance(policy, Policy)

"""Who a command is recorded under: the person who signed in at the terminal, whatever account it runs under since."""

import pwd
from pathlib import Path

import pytest

from cli.operator import operator, person_at_terminal

NOBODY_SIGNED_IN = "4294967295"


def read(tmp_path: Path, said: str | None, running_as: int, **environment: str) -> int:
    loginuid = tmp_path / "loginuid"
    if said is not None:
        loginuid.write_text(said)
    return person_at_terminal(loginuid, running_as, environment)


@pytest.mark.parametrize("running_as", [1000, 0, 995])
def test_who_signed_in_stays_who_it_is(tmp_path: Path, running_as: int) -> None:
    assert read(tmp_path, "1000", running_as) == 1000
    # and no variable makes it another
    assert read(tmp_path, "1000\n", running_as, SUDO_UID="1001") == 1000


@pytest.mark.parametrize("said", [NOBODY_SIGNED_IN, None, "", "no number"])
def test_where_the_kernel_does_not_know_sudo_says_whose_root_it_is(tmp_path: Path, said: str | None) -> None:
    assert read(tmp_path, said, 0, SUDO_UID="1000") == 1000
    assert read(tmp_path, said, 0) == 0
    for nonsense in ("", "rita", "-1", "٣", "4294967295", "9" * 40):
        assert read(tmp_path, said, 0, SUDO_UID=nonsense) == 0, nonsense
    # anybody but root could have set it themselves
    assert read(tmp_path, said, 1000, SUDO_UID="1001") == 1000


def test_a_person_has_the_name_the_system_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    someone = next(entry for entry in pwd.getpwall() if entry.pw_uid != 0)
    monkeypatch.setattr("cli.operator.LOGINUID", tmp_path / "loginuid")
    (tmp_path / "loginuid").write_text(str(someone.pw_uid))
    assert operator().name == pwd.getpwuid(someone.pw_uid).pw_name
    (tmp_path / "loginuid").write_text("4123456789")
    assert operator().name == "uid 4123456789"

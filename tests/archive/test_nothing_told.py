"""What was said, by whom, from which number, and every secret: in no log line, no Redis key and no metric.

The whole way with real processes: a fleet archives a day, the desk signs people in, finds, hands out and refuses.
"""

import json
import re
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from archives import Archive, StartArchive, wait_until
from desking import ANNE, WHY, LegalDesk
from telling import everything_in_redis, people_of

from config.environment import load_settings
from embedded.command import PROGRAMS
from embedded.desk import add_demo_users, running_desk
from embedded.isolation import clean_environment
from strongroom.evidence.keys import new_key_file
from strongroom.ledger.runs import open_run
from tasks.fleet import Fleet as FleetApp
from tasks.fleet import send

FLEET = {"worker": 1, "control": 1, "restore": 1, "beat": 1}


@pytest.fixture
def archive(start_archive: StartArchive, tmp_path: Path) -> Archive:
    """A day with calls, chats, messages and e-mails, oddities included; not archived yet."""
    key = tmp_path / "log.pem"
    new_key_file(key, "example.com/told")
    settings = {"STRONGROOM_LOG_KEY_FILE": str(key), "STRONGROOM_LOG_ORIGIN": "example.com/told"}
    return start_archive(conversations=16, settings=settings, faults={"rate_429": 0.05, "rate_truncated": 0.05})


@pytest.mark.long
def test_no_log_no_redis_key_and_no_metric_tells_a_secret_a_number_or_a_sentence(archive: Archive) -> None:
    passwords = add_demo_users(archive.environment)
    secrets = [*passwords.values(), archive.environment["AWS_SECRET_ACCESS_KEY"]]
    secrets += [pair.partition(":")[2] for pair in archive.environment["STRONGROOM_GENESYS_CLIENTS"].split(",")]
    open_run(archive.engine, archive.day, "a test")
    app = FleetApp(load_settings(archive.environment))
    # while nobody takes them, the messages stand in Redis
    send(app, "enumerate_day", [(archive.day.isoformat(),)])
    in_redis = everything_in_redis(archive)
    with archive.fleet(FLEET), running_desk(archive.environment, archive.logs) as (_, address):
        # taken down again and again while the day is archived: most keys live for moments
        def settled() -> bool:
            nonlocal in_redis
            in_redis += everything_in_redis(archive)
            return archive.progress().finished

        wait_until(settled, "the day settled", 180, every_s=0.2)
        wait_until(lambda: archive.rows("SELECT 1 FROM sealed_days"), "the day sealed", 60, every_s=0.5)
        people = set(people_of(archive))
        secrets += _use_desk(LegalDesk(archive), address, passwords["analyst"], people)
        in_redis += everything_in_redis(archive)
    command = [PROGRAMS / "strongroom", "metrics"]
    metrics = subprocess.run(
        command, env=clean_environment() | archive.environment, capture_output=True, text=True, check=True
    ).stdout
    logs = "\n".join(path.read_text(errors="replace") for path in sorted(archive.logs.rglob("*.log")))
    assert all(f"{name}-1" in {path.stem for path in archive.logs.rglob("*.log")} for name in (*FLEET, "desk"))
    assert "conversation archived" in logs
    assert f'[["{archive.day}"]' in in_redis
    assert "strongroom_" in metrics
    assert len(people) > 20
    for place, told in {"logs": logs, "Redis": in_redis, "metrics": metrics}.items():
        found = [one for one in (*secrets, *people, WHY) if one in told or json.dumps(one)[1:-1] in told]
        assert found == [], place


def _use_desk(desk: LegalDesk, address: str, password: str, people: set[str]) -> list[str]:
    """Everything a person and a machine do there, well and badly; the secrets they were given for it."""
    one = desk.conversations()[0]
    key = desk.key(ANNE)
    machine = requests.Session()
    machine.headers.update(key)
    for sentence in sorted(people)[:40]:
        for field in ("address", "agent", "text"):
            machine.get(f"{address}/api/v1/search", params={field: sentence[:100]}, timeout=30)
    body = {"conversationId": str(one), "justification": WHY}
    told = machine.post(f"{address}/legal/retrieve", json=body, timeout=60).json()
    links = [file["downloadUrl"] for file in told["files"]]
    assert links
    for link in links:
        assert requests.get(link, timeout=60).ok
        assert requests.get(f"{link[:-2]}xx", timeout=60).status_code == 404
    assert (
        machine.post(f"{address}/legal/retrieve", json=body | {"conversationId": str(uuid4())}, timeout=60).status_code
        == 404
    )
    assert machine.post(f"{address}/legal/retrieve", json={WHY: next(iter(people))}, timeout=60).status_code == 400
    browser = requests.Session()
    page = browser.get(f"{address}/sign-in", timeout=30)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    form = {"csrf_token": token[1], "name": "analyst", "next": "/"}
    assert (
        browser.post(f"{address}/sign-in", data=form | {"password": "wrong-" + password}, timeout=30).status_code != 200
    )
    browser.post(f"{address}/sign-in", data=form | {"password": password}, timeout=30)
    found = browser.get(f"{address}/search", params={"text": max(people, key=len)[:100]}, timeout=30)
    assert found.ok
    assert "/sign-in" not in found.url
    assert browser.get(f"{address}/conversations/{one}", timeout=30).ok
    cookies = [cookie.value for cookie in browser.cookies if cookie.value]
    assert cookies
    given = [key["Authorization"].removeprefix("Bearer "), *(link.rpartition("/")[2] for link in links), *cookies]
    return [*given, token[1]]

"""A night with failures: the operator finds the reason, re-queues, and sees it archived; pictures for the runbook."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from archive.archives import Archive
from argon2 import PasswordHasher
from axe_playwright_python.sync_playwright import Axe
from browsing import Visitor
from PIL import Image
from playwright.sync_api import Browser, expect
from s3proxy.running import running_proxy
from stage import A_DAY, ADMIN, PASSWORD, running_desk

from embedded.isolation import AWS_ENVIRONMENT
from embedded.ports import free_port
from embedded.postgres import Postgres
from embedded.redis import RedisServer
from embedded.simulator import running_simulator
from strongroom.ledger.review import Selection, review_list
from strongroom.ledger.runs import open_first_run
from strongroom.ledger.users import add_local_user
from strongroom.reasons import kind_of

SERIOUS = {"serious", "critical"}
PICTURES = ("operations", "operations-day", "operations-review")


@dataclass(frozen=True)
class Night:
    """The archive, and where its desk is."""

    archive: Archive
    url: str


@pytest.fixture(scope="module")
def night(
    postgres: Postgres,
    redis_server: RedisServer,
    s3_endpoint: str,
    servers_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Night]:
    """A day of which every file came cut off, whenever it was asked for: it is settled, and in review."""
    folder = tmp_path_factory.mktemp("night")
    port = free_port()
    with ExitStack() as running:
        proxy = running.enter_context(running_proxy(s3_endpoint, servers_folder / "s3proxy-night.log"))
        genesys = running.enter_context(
            running_simulator(
                folder / "simulator.log", conversations=9, day=A_DAY, seed=3, clients=2, rate_limit_per_min=0,
                late_s=0, transcode_s=0, audio_bytes=120_000, faults={"rate_truncated": 1.0},
            )
        )  # fmt: skip
        environment = {
            "STRONGROOM_DATABASE_URL": postgres.create_database("night"),
            "STRONGROOM_REDIS_URL": redis_server.url(),
            "STRONGROOM_BUCKET": "a-night",
            "STRONGROOM_S3_ENDPOINT_URL": proxy.url,
            "STRONGROOM_GENESYS_API_URL": genesys.url,
            "STRONGROOM_GENESYS_LOGIN_URL": genesys.url,
            "STRONGROOM_GENESYS_CLIENTS": genesys.genesys_clients,
            "STRONGROOM_START_DAY": A_DAY.isoformat(),
            "STRONGROOM_CATCH_UP_DAYS": "0",
            "STRONGROOM_SPOOL_DIR": str(folder / "spool"),
            "STRONGROOM_QUIET_S": "0",
            "STRONGROOM_REQUESTS_PER_MINUTE": "100000",
            "STRONGROOM_RETRY_INTERVAL_S": "0.2",
            "STRONGROOM_RETRY_DEADLINE_S": "1",
            "STRONGROOM_DESK_URL": f"http://127.0.0.1:{port}",
            "STRONGROOM_FLOWER_URL": "http://127.0.0.1:5555",
            **AWS_ENVIRONMENT,
        }
        archive = Archive(environment, A_DAY, genesys, proxy, s3_endpoint, "a-night", folder)
        archive.prepare()
        archive.archive_here()
        hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
        add_local_user(archive.engine, "oscar", hashed, ("operator",), None, ADMIN)
        running.enter_context(running_desk(archive.open_house("desk"), port))
        yield Night(archive, environment["STRONGROOM_DESK_URL"])
        archive.engine.dispose()
        archive.house.engine.dispose()


@pytest.fixture
def oscar(chromium: Browser, night: Night) -> Iterator[Visitor]:
    """The operator, signed in."""
    context = chromium.new_context(viewport={"width": 1100, "height": 820})
    visitor = Visitor(context.new_page(), night.url)
    visitor.sign_in("oscar")
    yield visitor
    context.close()
    assert visitor.errors == []


def test_find_the_reason_re_queue_and_see_it_archived(night: Night, oscar: Visitor, tmp_path: Path) -> None:
    page, archive = oscar.page, night.archive
    rows = review_list(archive.engine, Selection(first_day=A_DAY, last_day=A_DAY))
    in_review = len(rows)
    assert {kind_of(row.reason) for row in rows} == {"damaged-media"}, rows
    open_first_run(archive.engine, A_DAY - timedelta(days=1), "a test")

    oscar.go(f"/operations?month={A_DAY:%Y-%m}")
    cell = page.locator(f'.calendar a[href="/operations/days/{A_DAY}"]')
    expect(cell).to_contain_text(f"{in_review} in review")
    reason = page.get_by_role("region", name=re.compile("What came was broken, each time"))
    _accessible(oscar)
    _shoot(oscar, "operations", tmp_path)
    reason.locator("summary").click()
    expect(reason.get_by_text("is not whole").first).to_be_visible()
    _shoot(oscar, "operations-review", tmp_path, at=".reason")
    reason.locator("summary").click()

    archive.simulator.faults(rate_truncated=0.0)
    cell.click()
    page.wait_for_url(f"**/operations/days/{A_DAY}")
    page.get_by_role("button", name=re.compile(f"Re-queue {in_review} of What came was broken")).click()
    page.get_by_text(f"{in_review} rows re-queued").wait_for()
    expect(page.get_by_text("Nothing is in review.")).to_be_visible()
    _accessible(oscar)
    _shoot(oscar, "operations-day", tmp_path)

    # the fleet archives it meanwhile; the page, which nobody loads again, says so
    expect(page.locator("#live")).to_contain_text("waiting")
    while not archive.progress().finished:
        archive.sweep_once()
    expect(page.locator("#live")).not_to_contain_text("waiting", timeout=30_000)
    expect(page.locator("#live")).to_contain_text("Settled")
    assert archive.progress().recordings.get("review", 0) == 0
    oscar.go(f"/operations?month={A_DAY:%Y-%m}")
    expect(cell).to_contain_text("Settled")


def test_it_fits_a_narrow_window(night: Night, oscar: Visitor) -> None:
    oscar.page.set_viewport_size({"width": 360, "height": 800})
    for path in ("/operations", f"/operations/days/{A_DAY}"):
        oscar.go(path)
        assert oscar.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_runbook_shows_the_pictures() -> None:
    folder = Path(__file__).parents[3] / "docs" / "runbook"
    named = set(re.findall(r"runbook/([a-z-]+)\.png", folder.with_suffix(".md").read_text()))
    assert named == {picture.stem for picture in folder.glob("*.png")}
    assert named == {f"{name}{suffix}" for name in PICTURES for suffix in ("", "-narrow")}


def _accessible(visitor: Visitor) -> None:
    for scheme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme=scheme)
        found = Axe().run(visitor.page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS] == []
    visitor.page.emulate_media(color_scheme="light")


def _shoot(visitor: Visitor, name: str, folder: Path, at: str | None = None) -> None:
    """A picture, wide and narrow; `make screenshots` puts them beside the runbook."""
    where = os.environ.get("DESK_SCREENSHOTS")
    folder = folder if where is None else Path(where).parent / "runbook"
    folder.mkdir(exist_ok=True)
    for suffix, width, height in (("", 1100, 820), ("-narrow", 380, 760)):
        visitor.page.set_viewport_size({"width": width, "height": height})
        visitor.page.evaluate("scrollTo(0, 0)")
        if at is not None:
            visitor.page.locator(at).first.evaluate("one => scrollTo(0, one.getBoundingClientRect().top - 60)")
        path = folder / f"{name}{suffix}.png"
        visitor.shoot(path, whole=False)
        with Image.open(path) as picture:
            picture.convert("RGB").quantize(192).save(path, optimize=True)
    visitor.page.set_viewport_size({"width": 1100, "height": 820})

"""`strongroom metrics`: the last checks in Prometheus's text format, without an id or a name."""

import pytest
from command_line import Strongroom
from prometheus_client.parser import text_string_to_metric_families

from strongroom.ledger.checks import record_check
from strongroom.ledger.engine import Engine
from strongroom.times import utc_now

pytestmark = pytest.mark.usefixtures("environment")


def _samples(text: str) -> dict[tuple[str, str, str], float]:
    return {
        (sample.labels["kind"], sample.labels["scope"], sample.labels["finding"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "strongroom_check_findings"
    }


def test_the_latest_check_of_each_kind_is_counted_by_finding(strongroom: Strongroom, engine: Engine) -> None:
    found = {"kind": "lock-short", "where": "s3://bucket/archive/planted-id"}
    record_check(engine, "vault", "sample", utc_now(), 9, [found, found, {"kind": "tag-missing"}])
    record_check(engine, "vault", "all", utc_now(), 90, [found])
    record_check(engine, "vault", "all", utc_now(), 90, [])
    record_check(engine, "proven", "2026-03-10", utc_now(), 1, [found])
    done = strongroom("metrics")
    assert done.exit_code == 0
    assert _samples(done.out) == {
        ("vault", "sample", ""): 0,
        ("vault", "sample", "lock-short"): 2,
        ("vault", "sample", "tag-missing"): 1,
        ("vault", "all", ""): 0,
    }
    assert "planted-id" not in done.out

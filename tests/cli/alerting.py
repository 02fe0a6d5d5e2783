"""What Prometheus would say of an archive: its own promtool evaluates the alerts over what the exporter serves."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

REPOSITORY = Path(__file__).parents[2]
ALERTS = REPOSITORY / "deploy" / "alerts.yml"
HOURS = 4
"""As long as everything stays as it is: longer than any alert waits but those that say otherwise."""

_GOT = re.compile(r'alertname="(\w+)"')


def promtool() -> str:
    """The program. Without it a test is skipped, but under CI it fails."""
    path = shutil.which("promtool")
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no promtool on this machine (Debian: prometheus), and CI must have one")
        pytest.skip("there is no promtool on this machine (Debian: prometheus)")
    return path


def alerts() -> list[str]:
    """The names of all of them."""
    document = yaml.safe_load(ALERTS.read_text())
    return [rule["alert"] for group in document["groups"] for rule in group["rules"]]


def firing(exposed: str, folder: Path, hours: int = HOURS) -> set[str]:
    """Which alerts fire when what a process exposed now stays so for hours."""
    at_s = hours * 3_600
    series = [
        {"series": f"{sample.name}{_labels(sample.labels)}", "values": f"{_shifted(sample, at_s)!r}+0x{hours * 60}"}
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
    ]
    # none is expected, so that promtool tells what it got
    asked = {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": f"{hours}h",
        "exp_samples": [{"labels": '{alertname="asked"}', "value": 1}],
    }
    document = {
        "rule_files": [str(ALERTS)],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series, "promql_expr_test": [asked]}],
    }
    file = folder / "asked.yml"
    file.write_text(yaml.safe_dump(document))
    done = subprocess.run([promtool(), "test", "rules", file], capture_output=True, text=True, timeout=120, check=False)
    _, told, got = (done.stdout + done.stderr).partition("got:")
    assert told, done.stdout + done.stderr
    return set(_GOT.findall(got))


def _labels(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def _shifted(sample: object, at_s: float) -> float:
    """promtool's clock begins at 1970: what is a time is moved to be as long ago there as it is here."""
    name, value = sample.name, sample.value  # type: ignore[attr-defined]
    return float(value - time.time() + at_s if name.endswith("_timestamp_seconds") else value)

"""The ways to start Strongroom agree: Procfile, docker-compose.yml, and the environment the embedded stack gives."""

import re
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.celery import QUEUE_OF_TASK, SWEEP
from config.settings import Settings
from embedded.fleet import procfile_commands
from embedded.stack import FLEET, settings_environment

REPOSITORY = Path(__file__).parent.parent
PROCESSES = {"worker", "control", "restore", "records", "beat", "flower", "desk"}
SETTINGS = {f"STRONGROOM_{name.upper()}" for name in Settings.model_fields}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
    assert isinstance(document, dict)
    return document


def test_the_procfile_has_each_process_once() -> None:
    lines = (REPOSITORY / "Procfile").read_text().splitlines()
    assert len(lines) == len(PROCESSES)
    assert set(procfile_commands(REPOSITORY / "Procfile")) == PROCESSES


def test_each_queue_is_taken_and_the_sweep_has_one_to_itself() -> None:
    commands = procfile_commands(REPOSITORY / "Procfile").values()
    taken = [words[words.index("--queues") + 1].split(",") for words in commands if "--queues" in words]
    assert {queue for queues in taken for queue in queues} == set(QUEUE_OF_TASK.values())
    assert [task for task, queue in QUEUE_OF_TASK.items() if queue == SWEEP] == ["sweep"]


def test_the_procfile_needs_no_shell() -> None:
    for command in procfile_commands(REPOSITORY / "Procfile").values():
        assert command == shlex.split(shlex.join(command))
        assert not re.search(r"[$`|&;<>*]", " ".join(command))


def test_compose_starts_each_process_as_the_procfile_says(compose: dict[str, Any]) -> None:
    commands = {name: shlex.split(compose["services"][name]["command"]) for name in PROCESSES}
    assert commands == procfile_commands(REPOSITORY / "Procfile")


def test_the_embedded_fleet_is_made_of_the_procfiles_processes() -> None:
    assert set(FLEET) == PROCESSES - {"flower", "desk"}
    assert FLEET["worker"] >= 2


def test_compose_has_every_server_and_job(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == PROCESSES | {
        "postgres", "redis", "s3", "simulator", "migrate", "vault-create",
    }  # fmt: skip
    assert compose["services"]["migrate"]["command"] == "strongroom migrate"
    assert compose["services"]["vault-create"]["command"] == "strongroom vault create"


def test_compose_publishes_nothing_beyond_this_machine(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_compose_waits_for_what_each_service_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        for needed, when in service.get("depends_on", {}).items():
            if when["condition"] == "service_healthy":
                assert "healthcheck" in services[needed]


def test_compose_holds_no_secret(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|AUTH", name):
                assert re.search(r"\$\{[A-Z_]+(:\?[^}]+)?\}$", value), name


@pytest.mark.parametrize("file", ["Procfile", "Dockerfile", "docker-compose.yml", "Makefile", ".ci/run"])
def test_each_setting_named_is_a_setting(file: str) -> None:
    named = set(re.findall(r"STRONGROOM_[A-Z0-9_]+", (REPOSITORY / file).read_text()))
    assert named <= SETTINGS


def test_the_embedded_stack_gives_settings_only(tmp_path: Path) -> None:
    environment = settings_environment(
        tmp_path,
        "postgresql:///x",
        "redis://127.0.0.1:1/0",
        "http://127.0.0.1:2",
        "http://127.0.0.1:3",
        "a:b",
        date(2025, 5, 14),
    )
    assert {name for name in environment if name.startswith("STRONGROOM_")} <= SETTINGS


def test_the_images_copy_only_what_the_builder_is_given() -> None:
    given = {line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(\S+)", (REPOSITORY / "Dockerfile").read_text(), re.MULTILINE)
    assert set(copied) == given
    assert all((REPOSITORY / path).exists() for path in copied)


def test_the_archives_image_installs_no_development_requirements() -> None:
    stages = re.split(r"^FROM ", (REPOSITORY / "Dockerfile").read_text(), flags=re.MULTILINE)
    by_name = {stage.splitlines()[0].split(" AS ")[-1]: stage for stage in stages[1:]}
    assert "requirements-dev" not in by_name["build"]
    assert "--from=build " in by_name["strongroom"]
    assert "USER strongroom" in by_name["runtime"]


def test_the_ci_does_what_a_newcomer_would_type() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    run = re.findall(r"make ([a-z-]+)", (REPOSITORY / ".ci/run").read_text())
    assert run == ["setup", "lint", "test", "test-long", "demo"]
    assert set(run) <= targets

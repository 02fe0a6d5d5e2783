"""The desk's memory stays flat whatever the size of a recording; what the bench measures is what is asserted."""

from pathlib import Path

import pytest

from bench.memory import MIB
from bench.streaming import GOAL_MIB, measure


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_recording_of_a_gibibyte_is_handed_out_in_less_than_300_mib(tmp_path: Path) -> None:
    handed = measure(1024 * MIB, tmp_path)
    assert handed.file_bytes >= 1023 * MIB
    assert handed.desk_mib < GOAL_MIB

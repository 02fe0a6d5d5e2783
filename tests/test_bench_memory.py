"""The worker's memory stays flat whatever the size of a recording; what the bench measures is what is asserted."""

from pathlib import Path

import pytest

from bench.memory import GOAL_MIB, MIB, measure


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_recording_of_a_gibibyte_is_archived_in_flat_memory(tmp_path: Path) -> None:
    peak = measure(1024 * MIB, tmp_path)
    assert peak.recording_bytes >= 1023 * MIB
    assert max(peak.worker_mib, peak.pool_process_mib) < GOAL_MIB

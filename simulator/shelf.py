"""What has become of each recording by now: listed or not, uploading, archived, restored, transcoding, gone."""

from collections import Counter
from typing import Any

from simulator.audio.formats import ORIGINAL
from simulator.bulk import BulkActions
from simulator.clock import Clock, instant
from simulator.kinds import Outcome
from simulator.restores import Restores
from simulator.story import Recording, Story


class Shelf:
    """Late ones and transcodes count from the first ask."""

    def __init__(
        self,
        clock: Clock,
        restores: Restores,
        bulk: BulkActions,
        late_s: float,
        transcode_s: float,
        long_transcode_s: float,
    ) -> None:
        self._clock = clock
        self._restores = restores
        self._bulk = bulk
        self._late_s = late_s
        self._transcode_s = transcode_s
        self._long_transcode_s = long_transcode_s
        self._first_asked: dict[tuple[str, str], float] = {}
        self._looks: Counter[str] = Counter()

    def listed(self, story: Story) -> list[Recording]:
        """The recordings that are listed now; asking starts the wait for the late ones."""
        return [
            recording
            for recording in story.recordings
            if recording.end_ms <= self._clock.now_ms()
            and not (self._late(recording) and recording.hidden_while_late)
            and not (recording.listed_at_second_look and self._is_first_look(recording))
        ]

    def file_state(self, story: Story, recording: Recording) -> str:
        """Genesys's fileState."""
        done = self._bulk.done_to(story, recording, self._clock.now_s())
        if done and done.action == "DELETE":
            return "DELETED"
        if recording.outcome is Outcome.NEVER or self._late(recording):
            return "RESTORING" if recording.restoring_while_late else "UPLOADING"
        if recording.outcome in {Outcome.DELETED, Outcome.ERROR}:
            return recording.outcome.name
        if recording.outcome is Outcome.ARCHIVED or (done and done.action == "ARCHIVE"):
            return self._restores.state(recording.id)
        return "RESTORED" if recording.restoring_while_late else "AVAILABLE"

    def dates(self, story: Story, recording: Recording) -> dict[str, Any]:
        """What a recording says of its restore, its archive and its export, where there was one."""
        done = self._bulk.done_to(story, recording, self._clock.now_s())
        if recording.outcome is Outcome.ARCHIVED or (done and done.action == "ARCHIVE"):
            return self._restores.shown(recording)
        if done and done.action == "EXPORT":
            return {"exportedDate": instant(int(done.done_s * 1000))}
        return {}

    def transcode_left_s(self, recording: Recording, format_id: str) -> float:
        """Seconds until a format is ready; the first time it is asked for starts the work. The original needs none."""
        if recording.transcodes_slowly:
            return max(0.0, self._long_transcode_s - self._since_first_asked(recording.id, format_id))
        if format_id == ORIGINAL:
            return 0.0
        return max(0.0, self._transcode_s - self._since_first_asked(recording.id, format_id))

    def _late(self, recording: Recording) -> bool:
        if recording.outcome is not Outcome.LATE:
            return False
        wait_s = self._restores.restore_s if recording.restoring_while_late else self._late_s
        return self._since_first_asked(recording.id, "late") < wait_s

    def _is_first_look(self, recording: Recording) -> bool:
        self._looks[recording.id] += 1
        return self._looks[recording.id] == 1

    def _since_first_asked(self, recording_id: str, what: str) -> float:
        now = self._clock.now_s()
        return now - self._first_asked.setdefault((recording_id, what), now)

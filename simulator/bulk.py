"""Bulk actions inside Genesys, once they are carried out: what they have done to a recording."""

from dataclasses import dataclass

from simulator.story import Recording, Story

ACTIONS = ("DELETE", "ARCHIVE", "EXPORT")
"""The strongest first: what is deleted is neither archived nor there."""


@dataclass(frozen=True)
class BulkAction:
    """An action on all recordings of the conversations active from `begin_ms` until before `end_ms`."""

    action: str
    begin_ms: int
    end_ms: int
    with_screens: bool
    done_s: float

    def covers(self, story: Story, recording: Recording) -> bool:
        """Whether it is about this recording."""
        active = story.start_ms < self.end_ms and story.end_ms >= self.begin_ms
        return active and (self.with_screens or recording.media != "screen")


class BulkActions:
    """All that were told to go ahead."""

    def __init__(self) -> None:
        self._actions: list[BulkAction] = []

    def add(self, action: BulkAction) -> None:
        """It takes effect at its `done_s`."""
        self._actions.append(action)

    def done_to(self, story: Story, recording: Recording, now_s: float) -> BulkAction | None:
        """The strongest action that has been carried out on a recording by now."""
        done = [each for each in self._actions if each.done_s <= now_s and each.covers(story, recording)]
        return min(done, key=lambda each: ACTIONS.index(each.action), default=None)

"""Telling a conversation: its course, what is awkward about it, and how often it was re-opened."""

import random
from dataclasses import replace

from simulator.courses import COURSES
from simulator.directory import Directory
from simulator.draws import digest, generator
from simulator.kinds import Outcome
from simulator.oddities import perform, prepare
from simulator.population import Place
from simulator.reopening import reopen
from simulator.stage import TEXT_MEDIA, Stage
from simulator.story import Recording, Story
from simulator.world import World


def tell(world: World, directory: Directory, place: Place, times_reopened: int = 0) -> Story:
    """The conversation at a place, as it is after it was re-opened so many times."""
    outline = world.outline(place)
    conversation_id = world.conversation_id(place)
    stage = Stage(directory, conversation_id, outline, generator(directory.seed, conversation_id, "stage"))
    prepare(stage)
    COURSES[outline.kind](stage)
    if outline.part:
        perform(stage)
    else:
        stage.recordings = _with_outcome(stage.recordings, outline.outcome, stage.draw)
    stretches = outline.reopened[:times_reopened]
    for number, stretch in enumerate(stretches):
        reopen(stage, number, stretch)
    return Story(
        seed=directory.seed,
        id=conversation_id,
        kind=outline.kind,
        start_ms=outline.start_ms,
        end_ms=stretches[-1].end_ms if stretches else outline.end_ms,
        direction=stage.direction,
        customer=stage.customer,
        subject=stage.subject,
        division_ids=tuple(sorted(stage.division_ids)),
        participants=tuple(stage.participants),
        recordings=tuple(stage.recordings),
        part=outline.part,
    )


def _with_outcome(recordings: list[Recording], outcome: Outcome, draw: random.Random) -> list[Recording]:
    if recordings:
        chosen = draw.randrange(len(recordings))
        # beside a listed recording of the same session nothing would tell that one is to come, nor for text, which
        # has no flag
        alone = sum(recording.session_id == recordings[chosen].session_id for recording in recordings) == 1
        alone = alone and recordings[chosen].media not in TEXT_MEDIA
        hidden = alone and digest(0, recordings[chosen].id)[0] % 2 == 0
        recordings[chosen] = replace(recordings[chosen], outcome=outcome, hidden_while_late=hidden)
    return recordings

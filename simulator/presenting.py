"""A recording as one request is answered: with links that lead back the way the request came."""

import random
from typing import Any

from aiohttp import web

from simulator.incoming import public_base
from simulator.recordings import Link, with_media
from simulator.state import SIMULATOR
from simulator.story import Recording, Story


def shape(request: web.Request, story: Story, held: Recording, format_id: str, *, download: bool) -> dict[str, Any]:
    """A recording with its media; `download`: a text one as a document, too."""
    simulator = request.app[SIMULATOR]
    return with_media(
        simulator.shelf,
        story,
        held,
        format_id,
        download=download,
        audio_bytes=simulator.audio_bytes,
        link=link_maker(request, story, held),
    )


def link_maker(request: web.Request, story: Story, held: Recording) -> Link:
    """Makes links to parts of a recording."""
    simulator = request.app[SIMULATOR]
    base = public_base(request, simulator.options.path_prefix)

    def link(part: str) -> str:
        expired = simulator.dice.falls(simulator.dice.faults.rate_expired_link)
        return simulator.links.sign(base, story.id, held.id, part, expired=expired)

    return link


def unstable(nonce: str, shape: object) -> object:
    """The same JSON; its fields in another order for each nonce, as they come where there is none."""
    return _reordered(shape, random.Random(nonce)) if nonce else shape


def _reordered(shape: object, order: random.Random) -> object:
    if isinstance(shape, list):
        return [_reordered(each, order) for each in shape]
    if isinstance(shape, dict):
        names = list(shape)
        order.shuffle(names)
        return {name: _reordered(shape[name], order) for name in names}
    return shape

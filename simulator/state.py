"""A running simulator: everything it is made of, put together in one place."""

from functools import lru_cache

from aiohttp import web

from simulator.auth import Tokens
from simulator.clock import Clock
from simulator.directory import Directory
from simulator.faults import Dice
from simulator.limits import RateLimit
from simulator.links import Links
from simulator.options import Options
from simulator.population import Place, Population
from simulator.recordings import Shelf
from simulator.stats import Stats
from simulator.story import Story, tell
from simulator.world import World


class Simulator:
    """The parts that requests are answered from."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = Clock(options.now)
        self.directory = Directory(options.seed)
        self.world = World(
            Population(options.seed, options.days, options.conversations, tuple(sorted(options.shares.items())))
        )
        self.tokens = Tokens(self.clock, options.clients, options.token_ttl_s)
        self.rate_limit = RateLimit(self.clock, options.rate_limit_per_min)
        self.dice = Dice(options.seed, options.faults)
        self.links = Links(options.seed, self.clock, options.link_ttl_s)
        self.shelf = Shelf(self.clock, options.late_s, options.transcode_s)
        self.stats = Stats()
        self.audio_bytes = options.audio_bytes
        self.story = lru_cache(maxsize=512)(self._tell)

    def _tell(self, place: Place) -> Story:
        return tell(self.world, self.directory, place)

    def story_of(self, conversation_id: str) -> Story | None:
        """The conversation with an id, if it has started."""
        place = self.world.find(conversation_id)
        if place is None or self.world.outline(place).start_ms > self.clock.now_ms():
            return None
        return self.story(place)


SIMULATOR = web.AppKey("simulator", Simulator)

"""A running simulator: everything it is made of, put together in one place."""

import itertools
from functools import lru_cache

from aiohttp import web

from simulator.auth import Tokens
from simulator.awkwardness import Awkwardness
from simulator.bulk import BulkActions
from simulator.clock import Clock
from simulator.directory import Directory
from simulator.faults import Dice
from simulator.jobs import Jobs
from simulator.limits import RateLimit
from simulator.links import Links
from simulator.listings import Listings
from simulator.options import Options
from simulator.population import Conversations, Place, Population
from simulator.restores import Restores
from simulator.shelf import Shelf
from simulator.stats import Stats
from simulator.story import Story
from simulator.telling import tell
from simulator.world import World


class Simulator:
    """The parts that requests are answered from."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = Clock(options.now)
        self.directory = Directory(options.seed, id_named_queue=Awkwardness.ID_AS_QUEUE_NAME in options.awkward)
        self.play(
            Population(
                options.seed,
                options.days,
                options.conversations,
                tuple(sorted(options.shares.items())),
                options.awkward,
                options.shown_late_s,
            )
        )
        self.tokens = Tokens(self.clock, options.clients, options.token_ttl_s)
        self.rate_limit = RateLimit(
            self.clock,
            options.rate_limit_per_min,
            odd_resets=Awkwardness.CLOCK_SKEW in options.awkward,
            window_s=options.rate_window_s,
        )
        self.dice = Dice(options.seed, options.faults)
        self.links = Links(options.seed, self.clock, options.link_ttl_s)
        self.restores = Restores(self.clock, options.restore_s, options.restorations)
        self.bulk = BulkActions()
        self.shelf = Shelf(
            self.clock, self.restores, self.bulk, options.late_s, options.transcode_s, options.long_transcode_s
        )
        self.jobs = Jobs()
        self.script_numbers = itertools.count()
        self.stats = Stats()
        self.audio_bytes = options.audio_bytes
        self._told = lru_cache(maxsize=512)(self._tell)

    def play(self, conversations: Conversations) -> None:
        """Have these conversations, and no others, from now on."""
        self.world = World(conversations)
        self.listings = Listings(self.world)

    def story(self, place: Place, now_ms: int) -> Story:
        """The conversation at a place, as it is by then."""
        return self._told(place, self.world.times_reopened(place, now_ms))

    def story_of(self, conversation_id: str) -> Story | None:
        """The conversation with an id, if it has started."""
        now_ms = self.clock.now_ms()
        place = self.world.find(conversation_id)
        if place is None or self.world.outline(place).start_ms > now_ms:
            return None
        return self.story(place, now_ms)

    def _tell(self, place: Place, times_reopened: int) -> Story:
        return tell(self.world, self.directory, place, times_reopened)


SIMULATOR = web.AppKey("simulator", Simulator)

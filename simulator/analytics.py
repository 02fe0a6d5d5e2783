"""`POST /api/v2/analytics/conversations/details/query`: which conversations started on the days an interval touches."""

from typing import Any

from aiohttp import web

from simulator.awkwardness import Awkwardness
from simulator.conversations import record
from simulator.incoming import json_body
from simulator.new_fields import NEW_FIELD
from simulator.query import parse_query
from simulator.state import SIMULATOR


async def details_query(request: web.Request) -> web.Response:
    """Answer one page; a page with nothing on it has no `conversations`, as the real one's hasn't.

    Past the most conversations a query can reach, pages end, whatever `totalHits` says.
    """
    simulator = request.app[SIMULATOR]
    cap = simulator.options.total_hits_cap
    query = parse_query(await json_body(request), cap)
    now_ms = simulator.clock.now_ms()
    listing = simulator.listings.listing(query.selection, query.page_size, now_ms)
    begin = (query.page_number - 1) * query.page_size
    page = listing.slots[begin : min(begin + query.page_size, cap)]
    world = simulator.world
    stories = [simulator.story(world.place(row), now_ms) for row in page if row >= 0]
    answer: dict[str, Any] = (
        {"conversations": [record(story, now_ms, simulator.wrap_ups) for story in stories]} if stories else {}
    )
    if any(story.plays(Awkwardness.NEW_FIELDS) for story in stories):
        answer[NEW_FIELD] = {"since": "tomorrow"}
    return web.json_response({**answer, "totalHits": listing.total_hits})

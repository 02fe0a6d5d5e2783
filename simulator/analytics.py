"""`POST /api/v2/analytics/conversations/details/query`: which conversations started on the days an interval touches."""

from array import array
from collections.abc import Sequence
from functools import lru_cache

from aiohttp import web

from simulator.conversations import record
from simulator.incoming import json_body
from simulator.query import Filter, Predicate, Selection, parse_query
from simulator.state import SIMULATOR
from simulator.world import World


async def details_query(request: web.Request) -> web.Response:
    """Answer one page; a page with nothing on it has no `conversations`, as the real one's hasn't."""
    simulator = request.app[SIMULATOR]
    query = parse_query(await json_body(request))
    now_ms = simulator.clock.now_ms()
    rows = select(simulator.world, query.selection, now_ms)
    begin = (query.page_number - 1) * query.page_size
    page = rows[begin : begin + query.page_size]
    conversations = [record(simulator.story(simulator.world.place(row)), now_ms) for row in page]
    return web.json_response({**({"conversations": conversations} if page else {}), "totalHits": len(rows)})


def select(world: World, selection: Selection, now_ms: int) -> Sequence[int]:
    """Rows in the order asked for. By end, conversations that are still open come last, whichever the order."""
    started = world.started(selection.first, selection.last, now_ms)
    if selection.filters or selection.by_end:
        return _selected(world, selection, started, world.ended_count(now_ms))
    return started[::-1] if selection.descending else started


@lru_cache(maxsize=8)
def _selected(world: World, selection: Selection, started: range, ended_count: int) -> Sequence[int]:
    """Remembered, because all pages read between two starts or ends are pages of one selection."""
    ended_by_ms = world.end_of_the_last(ended_count)
    rows = array(
        "l", (row for row in started if all(_passes(world, row, each, ended_by_ms) for each in selection.filters))
    )
    if not selection.by_end:
        return rows[::-1] if selection.descending else rows
    ended = [row for row in rows if world.ends[row] <= ended_by_ms]
    ended.sort(key=world.ends.__getitem__, reverse=selection.descending)
    return array("l", ended) + array("l", (row for row in rows if world.ends[row] > ended_by_ms))


def _passes(world: World, row: int, wanted: Filter, ended_by_ms: int) -> bool:
    holds = (_holds(world, row, predicate, ended_by_ms) for predicate in wanted.predicates)
    return all(holds) if wanted.all_of else any(holds)


def _holds(world: World, row: int, predicate: Predicate, ended_by_ms: int) -> bool:
    if predicate.dimension == "conversationId":
        return world.place(row) == world.find(predicate.value or "")
    exists = predicate.dimension == "conversationStart" or world.ends[row] <= ended_by_ms
    return exists if predicate.operator == "exists" else not exists

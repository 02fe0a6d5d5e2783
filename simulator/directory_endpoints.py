"""The endpoints with names behind ids: queues, wrap-up codes, divisions, users, the organisation."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from simulator.directory import Directory
from simulator.incoming import Handler, whole_number
from simulator.state import SIMULATOR

MAX_PAGE_SIZE = 500


def listing(entities_of: Callable[[Directory], list[dict[str, Any]]]) -> Handler:
    """An endpoint that pages through entities; `id` (repeated, or with commas) narrows them."""

    async def endpoint(request: web.Request) -> web.StreamResponse:
        page_size = whole_number(request, "pageSize", 25, most=MAX_PAGE_SIZE)
        page_number = whole_number(request, "pageNumber", 1, most=1_000_000)
        wanted = {one for many in request.query.getall("id", []) for one in many.split(",")}
        entities = entities_of(request.app[SIMULATOR].directory)
        chosen = [entity for entity in entities if not wanted or entity["id"] in wanted]
        begin = (page_number - 1) * page_size
        return web.json_response(
            {
                "entities": chosen[begin : begin + page_size],
                "pageSize": page_size,
                "pageNumber": page_number,
                "total": len(chosen),
                "pageCount": -(-len(chosen) // page_size),
            }
        )

    return endpoint


async def organization(request: web.Request) -> web.StreamResponse:
    """`GET /api/v2/organizations/me`."""
    return web.json_response(request.app[SIMULATOR].directory.organization())

"""The Legal desk put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.staticfiles import StaticFiles

from strongroom import __version__
from strongroom.house import House
from strongroom.legal.bundling import Bundler
from strongroom.legal.passwords import Passwords
from tasks.fleet import Fleet
from web import account, health, openapi, problems, sign_in, sign_in_oidc
from web.api import account as api_account
from web.api import bundles, conversations, custody, files, retrieve
from web.api import endings as api_endings
from web.api import holds as api_holds
from web.api import requests as api_requests
from web.api import search as api_search
from web.desk import STATIC, Desk, open_templates
from web.middleware import LimitedBodies, LoggedRequests, SecurityHeaders
from web.oidc import provider_of
from web.pages import audit, conversation, endings, holds, operations, progress, requests, search
from web.readiness import Readiness

API_ROUTERS: tuple[APIRouter, ...] = (
    retrieve.router,
    api_requests.router,
    files.router,
    bundles.router,
    conversations.router,
    custody.router,
    api_account.router,
    api_search.router,
    api_endings.router,
    api_holds.router,
)
"""JSON; each names its paths whole, below `/api/v1` or, as the guide has them, `/legal`."""
PAGE_ROUTERS: tuple[APIRouter, ...] = (
    sign_in.router,
    sign_in_oidc.router,
    account.router,
    search.router,
    conversation.router,
    requests.router,
    endings.router,
    holds.router,
    audit.router,
    progress.router,
    operations.router,
)
"""HTML, at `/`."""

_TIDY_EVERY_S = 600.0

_log = structlog.get_logger()


def create_app(house: House, fleet: Fleet | None, passwords: Passwords | None = None) -> FastAPI:
    """The application. It connects to nothing yet. `fleet` None: no worker is rung for what a request needs.

    `passwords`: with other parameters than today's recommended ones. Raises Misconfigured.
    """
    app = FastAPI(
        title="Strongroom Legal desk",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        # their pages load scripts from elsewhere, which our pages never do
        docs_url=None,
        redoc_url=None,
        lifespan=_tidying,
    )
    desk = Desk(
        house=house,
        fleet=fleet,
        settings=house.settings,
        templates=open_templates(),
        passwords=passwords or Passwords(),
        readiness=Readiness(house),
        bundler=Bundler(house),
        provider=provider_of(house.settings),
    )
    app.state.desk = desk
    problems.attach(app)
    openapi.attach(app)
    app.include_router(health.router)
    for router in API_ROUTERS:
        app.include_router(router)
    for router in PAGE_ROUTERS:
        app.include_router(router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    # the last one added is the first to see a request
    app.add_middleware(LimitedBodies)
    app.add_middleware(LoggedRequests)
    app.add_middleware(SecurityHeaders, https=desk.is_https)
    return app


@asynccontextmanager
async def _tidying(app: FastAPI) -> AsyncIterator[None]:
    """While the desk runs, bundles nobody came for leave its disk, whether anybody asks for another or not."""
    desk: Desk = app.state.desk
    tidying = asyncio.create_task(_tidy(desk.bundler))
    yield
    tidying.cancel()


async def _tidy(bundler: Bundler) -> None:
    while True:
        try:
            await run_in_threadpool(bundler.forget_old)
        except OSError as error:
            _log.error("old bundles can't be removed", reason=error.strerror)
        await asyncio.sleep(_TIDY_EVERY_S)

"""The Legal desk put together."""

from fastapi import APIRouter, FastAPI
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

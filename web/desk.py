"""What the desk's process works with: built once, found by every route at `request.app.state.desk`."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from config.settings import Settings
from strongroom.house import House
from strongroom.legal.bundling import Bundler
from strongroom.legal.passwords import Passwords
from strongroom.legal.people import SessionLimits
from tasks.fleet import Fleet
from web.oidc import Provider
from web.readiness import Readiness
from web.views.navigation import navigation
from web.views.wording import FILTERS

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True)
class Desk:
    """`fleet` rings the workers' doorbell; None: nobody is rung, and Beat finds what is due."""

    house: House
    fleet: Fleet | None
    settings: Settings
    templates: Environment
    passwords: Passwords
    readiness: Readiness
    bundler: Bundler
    provider: Provider | None

    @property
    def is_https(self) -> bool:
        """Whether people reach the desk by https: what makes cookies Secure."""
        return self.settings.desk_url.startswith("https:")

    @property
    def session_limits(self) -> SessionLimits:
        """When sessions end by themselves."""
        return SessionLimits(
            idle=timedelta(seconds=self.settings.session_idle_s),
            absolute=timedelta(seconds=self.settings.session_absolute_s),
        )


def open_templates() -> Environment:
    """The pages' templates: everything is escaped, and a name that is not given is an error, not a gap."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(FILTERS)
    templates.globals["navigation"] = navigation
    return templates


def desk_of(request: Request) -> Desk:
    """The desk that serves this request."""
    desk: Desk = request.app.state.desk
    return desk

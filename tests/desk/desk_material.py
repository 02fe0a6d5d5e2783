"""A desk to be tried, its users, and browsers before it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from argon2 import PasswordHasher
from fastapi import FastAPI
from httpx import Response
from starlette.testclient import TestClient

from strongroom.actor import Actor
from strongroom.house import House
from strongroom.ledger.users import User, add_local_user

ADMIN = Actor("admin", "a test")
PASSWORD = "correct horse battery staple"


CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Parameters that take no time."""


@cache
def cheap_hash(password: str) -> str:
    """A hash under them."""
    return CHEAP.hash(password)


@dataclass
class Browser:
    """Somebody's browser before the desk: keeps cookies, follows no redirect by itself, knows the page's CSRF token."""

    client: TestClient
    csrf: str = field(default="", init=False)

    def get(self, path: str) -> Response:
        """A page."""
        response = self.client.get(path)
        self._learn(response)
        return response

    def post(self, path: str, **fields: str) -> Response:
        """A form, with the token of the page that was seen last unless another is given."""
        response = self.client.post(path, data={"csrf_token": self.csrf} | fields)
        self._learn(response)
        return response

    def sign_in(self, name: str, password: str = PASSWORD, next_path: str = "/") -> Response:
        """Fill in the sign-in form; then, where that worked, look at the account page."""
        self.get("/sign-in")
        response = self.post("/sign-in", name=name, password=password, next=next_path)
        if response.status_code == 303:
            self.get("/account")
        return response

    def _learn(self, response: Response) -> None:
        found = re.search(r'name="csrf_token" value="([^"]+)"', response.text)
        self.csrf = found[1] if found else self.csrf


@dataclass(frozen=True)
class DeskUnderTest:
    """The application in this process."""

    app: FastAPI
    house: House

    def client(self, address: str = "192.0.2.1") -> TestClient:
        """Requests from an address, without cookies yet."""
        url = self.house.settings.desk_url
        return TestClient(
            self.app, base_url=url, client=(address, 50_000), follow_redirects=False, raise_server_exceptions=False
        )

    def browser(self, address: str = "192.0.2.1") -> Browser:
        """A browser in which nobody is signed in."""
        return Browser(self.client(address))

    def add_user(self, name: str, *roles: str, divisions: list[str] | None = None, password: str = PASSWORD) -> User:
        """A local user."""
        return add_local_user(self.house.engine, name, cheap_hash(password), roles, divisions, ADMIN)

    def signed_in(self, name: str, *roles: str, divisions: list[str] | None = None) -> Browser:
        """A browser in which a new user of these roles is signed in."""
        self.add_user(name, *roles, divisions=divisions)
        browser = self.browser()
        assert browser.sign_in(name).status_code == 303
        return browser


StartDesk = Callable[..., DeskUnderTest]
"""What the fixture `start_desk` is."""

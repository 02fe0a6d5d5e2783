"""Links to verified files: an hour at most, to one version, and nothing but the link itself is needed to follow one."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from strongroom.house import House
from strongroom.ledger.request_links import file_behind, issue_link
from strongroom.legal.access import Principal, Right, require
from strongroom.legal.handing_out import HandedOut, handed_out, own_file
from strongroom.legal.ranges import Wanted, wanted_range
from strongroom.legal.requests import not_there
from strongroom.legal.secrets import fingerprint, new_token

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in base64 without padding


@dataclass(frozen=True)
class Link:
    """A link, below the desk's address. Its token is kept nowhere: it is given out once."""

    url_path: str
    expires_at: datetime


def issue(house: House, principal: Principal, request_id: UUID, file_id: int) -> Link:
    """A link to a verified file of one's own open request. Raises Forbidden, NotThere, LedgerUnreachable."""
    require(principal, Right.REQUEST)
    own_file(house, principal, request_id, file_id)
    token = new_token()
    expires_at = issue_link(
        house.engine, fingerprint(token), principal.name, request_id, file_id, house.settings.link_life_s
    )
    if expires_at is None:
        raise not_there("file")
    return Link(f"/legal/files/{token}", expires_at)


def open_link(house: House, token: str, origin: str, wanted: Wanted | None = None) -> HandedOut:
    """What a link leads to. Each fetch, from `origin`, is on the record under the name of who was given the link.

    Raises NotThere where it has expired, never was, or leads to what isn't handed over any more; RangeNotSatisfiable,
    BroughtBackAgain, FoundDamaged, and the vault's and the ledger's errors.
    """
    file = file_behind(house.engine, fingerprint(token)) if _TOKEN.fullmatch(token) else None
    if file is None:
        raise not_there("link")
    return handed_out(house, file, origin, wanted_range(wanted or Wanted(), file.size_bytes, file.sha256))

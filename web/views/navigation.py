"""Where one can go from every page, by what one may."""

from dataclasses import dataclass

from strongroom.legal.access import Principal, Right


@dataclass(frozen=True)
class Item:
    """An entry of the main navigation."""

    path: str
    words: str
    current: bool


# in order; the first right of these that one has opens it, and its paths below belong to it
_ENTRIES: tuple[tuple[str, str, frozenset[Right], tuple[str, ...]], ...] = (
    ("/search", "Find", frozenset({Right.SEARCH}), ("/search", "/conversations")),
    ("/requests", "Requests", frozenset({Right.REQUEST, Right.SEE_ALL_REQUESTS}), ("/requests",)),
    ("/disposition", "Disposition", frozenset({Right.SEE_ENDINGS}), ("/disposition",)),
    ("/erasure", "Erasure", frozenset({Right.SEE_ENDINGS}), ("/erasure",)),
    ("/holds", "Holds", frozenset({Right.SEE_HOLDS}), ("/holds",)),
    ("/audit", "Audit", frozenset({Right.SEE_CUSTODY}), ("/audit",)),
    ("/progress", "Progress", frozenset({Right.SEE_PROGRESS}), ("/progress",)),
    ("/operations", "Operations", frozenset({Right.SEE_PROGRESS}), ("/operations",)),
)


def navigation(principal: Principal, path: str) -> list[Item]:
    """What is shown to this principal on the page at `path`."""
    return [
        Item(entry, words, any(path == below or path.startswith(f"{below}/") for below in belonging))
        for entry, words, rights, belonging in _ENTRIES
        if any(principal.may(right) for right in rights)
    ]


def home(principal: Principal) -> str:
    """Where one begins: the first page one may see, and the account where there is none."""
    return next((item.path for item in navigation(principal, "")), "/account")

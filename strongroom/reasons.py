"""The reasons on the review list, by kind: few enough words for a metric's label, a button, and the runbook."""

import re

OTHER = "other"
ERASED = "erased"
"""It was erased, and Genesys has it again or still: what a person does about it is done there."""

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (ERASED, r"ended again after it was erased"),
        ("lock", r"version \S+ has .+, and must have"),
        ("vault-conflict", r"other bytes stand|does not hold the bytes|versions stand at one key"),
        ("worker-lost", r"the worker was lost"),
        ("unexpected", r"\bunexpected \w+ in "),
        ("restore", r"archived inside Genesys"),
        ("not-listed", r"lists no recording for a session"),
        ("not-ready", r"the recording is |available but gives no media|has no link"),
        ("failed-in-genesys", r"recording failed|Genesys can't give the"),
        ("damaged-media", r"is not whole|the media is larger"),
        ("gone-from-genesys", r"the media is gone|answered (404|410)|deleted in Genesys"),
        ("refused-by-genesys", r"Genesys Cloud answered 4\d\d|permission|OAuth client"),
        ("genesys-outage", r"Genesys Cloud answered 5\d\d|gave no answer"),
        ("vault-refused", r"the store refused|not permitted|the store can't do it|the store failed|AWS credentials"),
    )
)
"""In this order: the first that matches. The patterns are of the texts of strongroom's own errors."""

KINDS: tuple[str, ...] = (*(kind for kind, _ in _KINDS), OTHER)


def kind_of(reason: str) -> str:
    """Which kind a reason is of; `other` for what no pattern knows."""
    return next((kind for kind, pattern in _KINDS if pattern.search(reason)), OTHER)

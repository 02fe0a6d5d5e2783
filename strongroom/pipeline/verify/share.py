"""The rolling share: each night so much is hashed that everything is once a quarter."""

import structlog

from strongroom.house import House
from strongroom.ledger.checks import A_SHARE
from strongroom.ledger.verification import longest_unhashed
from strongroom.pipeline.verify.run import Verified, verify
from strongroom.pipeline.verify.scope import Depth, Scope

_log = structlog.get_logger()


def verify_share(house: House) -> Verified | None:
    """Hash the night's share, those first that were hashed longest ago, and log each finding as an error.

    None where nothing is archived yet. Raises the vault's and the ledger's errors.
    """
    share = longest_unhashed(house.engine, house.settings.verify_quarter_days)
    if not share:
        return None
    done = verify(house, Scope(tuple(share), name=A_SHARE), Depth.HASHED, house.actor)
    for finding in done.findings:
        _log.error(
            "verify finding",
            promise=finding.promise,
            what=finding.what,
            where=finding.where,
            expected=finding.expected,
            found=finding.found,
        )
    _log.info("a share verified", conversations=done.conversations, findings=len(done.findings))
    return done

"""Who signed in by an identity provider approves an erasure only with a second factor, as the provider tells it."""

from typing import Any

import pytest

from strongroom.legal.access import Forbidden, Principal, Role
from strongroom.legal.endings import require_second_factor
from web.oidc import used_second_factor


@pytest.mark.parametrize(
    ("claims", "used"),
    [
        ({"amr": ["pwd", "mfa"]}, True),
        ({"amr": ["pwd", "otp"]}, True),
        ({"amr": ["hwk", "fpt"]}, True),
        ({"acr": "https://refeds.org/profile/mfa"}, True),
        ({"acr": "phr"}, True),
        ({"amr": ["pwd"]}, False),
        ({"amr": ["pwd", "pin"]}, False),
        ({"amr": ["otp"]}, False),
        ({"amr": "mfa"}, False),
        ({"amr": [7, None]}, False),
        ({"acr": "urn:mace:incommon:iap:bronze"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_what_a_provider_tells_of_factors(claims: dict[str, Any], used: bool) -> None:
    assert used_second_factor(claims) is used


def test_one_factor_is_not_enough_where_a_provider_was_asked() -> None:
    def approver(second_factor: bool | None) -> Principal:
        return Principal("eve", frozenset({Role.APPROVER}), None, "192.0.2.1", second_factor)

    require_second_factor(approver(True), 1)
    require_second_factor(approver(None), 1)
    with pytest.raises(Forbidden, match="second factor"):
        require_second_factor(approver(False), 1)

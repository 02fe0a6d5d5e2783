"""What metrics and traces call a request by: the endpoint, never what is in its path or query."""

import pytest

from strongroom.genesys.endpoints import endpoint_of

ONE, OTHER = "71a6d273-c9e5-4f16-801b-fb579d45eac3", "d8f3856f-17dc-46e6-800d-1a3bbb4dc6b5"


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/oauth/token", "/oauth/token"),
        ("/api/v2/organizations/me", "/api/v2/organizations/me"),
        (f"/api/v2/recording/batchrequests/{ONE}", "/api/v2/recording/batchrequests/{jobId}"),
        ("/api/v2/recording/batchrequests/no%2Fid", "/api/v2/recording/batchrequests/{jobId}"),
        (
            f"/api/v2/conversations/{ONE}/recordings/{OTHER}",
            "/api/v2/conversations/{conversationId}/recordings/{recordingId}",
        ),
        (
            "/api/v2/analytics/conversations/details/jobs/availability",
            "/api/v2/analytics/conversations/details/jobs/availability",
        ),
        (
            f"/api/v2/analytics/conversations/details/jobs/{ONE}/results",
            "/api/v2/analytics/conversations/details/jobs/{jobId}/results",
        ),
    ],
)
def test_a_request_is_called_by_its_endpoint(path: str, route: str) -> None:
    assert endpoint_of("GET", path) == f"GET {route}"


@pytest.mark.parametrize("path", [f"/api/v2/users/{ONE}", f"/api/v2/conversations/{ONE}", "/", f"/{ONE}/oauth/token"])
def test_what_is_on_no_list_is_not_told(path: str) -> None:
    assert endpoint_of("PUT", path) == "PUT other"

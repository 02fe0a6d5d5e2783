"""The endpoints of the API that are asked: what metrics and traces call a request by, so that no id gets into them."""

OTHER = "other"
"""What is on no list: a path may hold an id, so it is not told."""

_ROUTES = (
    "/oauth/token",
    "/api/v2/analytics/conversations/details/jobs",
    "/api/v2/analytics/conversations/details/jobs/availability",
    "/api/v2/analytics/conversations/details/jobs/{jobId}",
    "/api/v2/analytics/conversations/details/jobs/{jobId}/results",
    "/api/v2/analytics/conversations/details/query",
    "/api/v2/authorization/divisions",
    "/api/v2/conversations/{conversationId}/recordingmetadata",
    "/api/v2/conversations/{conversationId}/recordings/{recordingId}",
    "/api/v2/organizations/me",
    "/api/v2/recording/batchrequests",
    "/api/v2/recording/batchrequests/{jobId}",
    "/api/v2/routing/queues",
    "/api/v2/routing/wrapupcodes",
    "/api/v2/users",
)
"""As the vendor's reference writes them; where two fit, the first, which says more."""


def endpoint_of(method: str, path: str) -> str:
    """The endpoint of a request, as `GET /api/v2/recording/batchrequests/{jobId}`; `GET other` for one not known."""
    return f"{method} {route_of(path)}"


def route_of(path: str) -> str:
    """The path of an endpoint as the vendor's reference writes it; `other` for one not known."""
    segments = path.split("/")
    return next((one for one in _ROUTES if _fits(one.split("/"), segments)), OTHER)


def _fits(route: list[str], segments: list[str]) -> bool:
    return len(route) == len(segments) and all(
        ours == theirs or ours.startswith("{") for ours, theirs in zip(route, segments, strict=True)
    )

"""Which path leads to which endpoint."""

from aiohttp import web

from simulator import batches, control, details_jobs, recording_jobs
from simulator.analytics import details_query
from simulator.directory import Directory
from simulator.directory_endpoints import listing, organization
from simulator.errors import not_found
from simulator.gate import api, login
from simulator.incoming import Handler
from simulator.media import media
from simulator.options import Options
from simulator.recording_endpoints import change_recording, recording, recording_metadata, recordings
from simulator.state import SIMULATOR, Simulator
from simulator.truth import Truth

API: dict[tuple[str, str], Handler] = {
    ("POST", "/api/v2/analytics/conversations/details/query"): details_query,
    ("POST", "/api/v2/analytics/conversations/details/jobs"): details_jobs.submit,
    ("GET", "/api/v2/analytics/conversations/details/jobs/availability"): details_jobs.availability,
    ("GET", "/api/v2/analytics/conversations/details/jobs/{jobId}"): details_jobs.status,
    ("GET", "/api/v2/analytics/conversations/details/jobs/{jobId}/results"): details_jobs.results,
    ("GET", "/api/v2/conversations/{conversationId}/recordingmetadata"): recording_metadata,
    ("GET", "/api/v2/conversations/{conversationId}/recordings"): recordings,
    ("GET", "/api/v2/conversations/{conversationId}/recordings/{recordingId}"): recording,
    ("PUT", "/api/v2/conversations/{conversationId}/recordings/{recordingId}"): change_recording,
    ("POST", "/api/v2/recording/batchrequests"): batches.submit,
    ("GET", "/api/v2/recording/batchrequests/{jobId}"): batches.status,
    ("POST", "/api/v2/recording/jobs"): recording_jobs.submit,
    ("GET", "/api/v2/recording/jobs/{jobId}"): recording_jobs.status,
    ("PUT", "/api/v2/recording/jobs/{jobId}"): recording_jobs.execute,
    ("GET", "/api/v2/routing/queues"): listing(Directory.queues),
    ("GET", "/api/v2/routing/wrapupcodes"): listing(Directory.wrap_up_codes),
    ("GET", "/api/v2/authorization/divisions"): listing(Directory.divisions),
    ("GET", "/api/v2/users"): listing(Directory.users),
    ("GET", "/api/v2/organizations/me"): organization,
}

CONTROL: dict[tuple[str, str], Handler] = {
    ("GET", "/_sim/truth"): control.get_truth,
    ("GET", "/_sim/awkward"): control.get_awkward,
    ("POST", "/_sim/script"): control.post_script,
    ("GET", "/_sim/faults"): control.get_faults,
    ("POST", "/_sim/faults"): control.post_faults,
    ("GET", "/_sim/limits"): control.get_limits,
    ("GET", "/_sim/stats"): control.get_stats,
    ("POST", "/_sim/stats"): control.post_stats,
    ("GET", "/_sim/clock"): control.get_clock,
    ("POST", "/_sim/clock"): control.post_clock,
    ("POST", "/_sim/media"): control.post_media,
}


async def _no_such_endpoint(_request: web.Request) -> web.StreamResponse:
    raise not_found("There is no such endpoint here.")


async def _close_truth(app: web.Application) -> None:
    app[control.TRUTH].close()


def build_app(options: Options) -> web.Application:
    """The simulator as a web application; the API is also served below the path prefix, if there is one."""
    app = web.Application()
    app[SIMULATOR] = simulator = Simulator(options)
    app[control.TRUTH] = Truth(simulator)
    app.on_shutdown.append(_close_truth)
    for (method, path), handler in CONTROL.items():
        app.router.add_route(method, path, control.plain(handler))
    for prefix in dict.fromkeys(("", options.path_prefix)):
        for (method, path), handler in API.items():
            app.router.add_route(method, prefix + path, api(f"{method} {path}", handler))
        app.router.add_route("POST", f"{prefix}/oauth/token", login)
        app.router.add_route("GET", f"{prefix}/media/{{conversationId}}/{{recordingId}}/{{part}}", media)
        app.router.add_route("*", f"{prefix}/api/{{rest:.*}}", api("other", _no_such_endpoint))
    return app

"""A cheap S3 sink for benches: keeps hashes, sizes and locks, not the bytes, so that no store is what is measured.

It answers what the archive asks of a bucket with Object Lock: PUT with `If-None-Match` and lock headers, HEAD with lock
and checksum, the list of versions below a prefix, uploads in parts. Bodies are kept of JSON, which is read back for the
search, and of what is below `evidence/`, which the log is held against. It enforces nothing else: a test must never run
against it. `python -m bench.sink` says where it listens.
"""

import asyncio
import hashlib
import json
import sys
import time
from base64 import b64encode
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path
from xml.sax.saxutils import escape

from aiohttp import web

from embedded.processes import start

_CHUNK_BYTES = 1024 * 1024
_LONGEST_KEPT_BYTES = 1024 * 1024
_PAGE = 1_000
_XML = '<?xml version="1.0" encoding="UTF-8"?>'


@dataclass
class _Kept:
    """One object: its hashes and headers, and its bytes where they are read back."""

    size_bytes: int
    checksum: str
    etag: str
    headers: dict[str, str]
    body: bytes | None
    version_id: str
    at: str


@dataclass
class _Upload:
    """An upload in parts: the SHA-256, MD5 and size of each."""

    headers: dict[str, str]
    parts: dict[int, tuple[bytes, bytes, int]] = field(default_factory=dict)


class _Sink:
    def __init__(self) -> None:
        self.objects: dict[str, _Kept] = {}
        self.keys: list[str] = []  # of the objects, in order
        self.uploads: dict[str, _Upload] = {}
        self.puts = 0

    def keep(self, key: str, kept: _Kept) -> web.Response:
        if key not in self.objects:
            insort(self.keys, key)
        self.objects[key] = kept
        self.puts += 1
        headers = {"ETag": f'"{kept.etag}"', "x-amz-version-id": kept.version_id}
        return web.Response(headers=headers)

    def stands(self, request: web.Request, key: str) -> bool:
        return request.headers.get("If-None-Match") == "*" and key in self.objects


_SINK = web.AppKey("sink", _Sink)


async def _bucket(request: web.Request) -> web.Response:
    query = request.query
    if "versions" in query:
        bucket = request.match_info["bucket"]
        return _versions(request.app[_SINK], bucket, query.get("prefix", ""), query.get("key-marker", ""))
    if "object-lock" in query:
        return _xml("<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>")
    if "versioning" in query:
        return _xml("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
    if "tagging" in query:
        return _error(404, "NoSuchTagSet")
    return web.Response()


def _key(request: web.Request) -> str:
    return f"{request.match_info['bucket']}/{request.match_info['key']}"


def _versions(sink: _Sink, bucket: str, prefix: str, after: str) -> web.Response:
    begins, keys = f"{bucket}/{prefix}", sink.keys
    first = max(bisect_left(keys, begins), bisect_right(keys, f"{bucket}/{after}") if after else 0)
    page = list(takewhile(lambda key: key.startswith(begins), islice(keys, first, first + _PAGE + 1)))
    more = len(page) > _PAGE
    listed = "".join(_version(key.removeprefix(f"{bucket}/"), sink.objects[key]) for key in page[:_PAGE])
    rest = ""
    if more:
        last = page[_PAGE - 1]
        rest = (
            f"<NextKeyMarker>{escape(last.removeprefix(f'{bucket}/'))}</NextKeyMarker>"
            f"<NextVersionIdMarker>{sink.objects[last].version_id}</NextVersionIdMarker>"
        )
    truncated = "true" if more else "false"
    return _xml(f"<ListVersionsResult><IsTruncated>{truncated}</IsTruncated>{listed}{rest}</ListVersionsResult>")


def _version(key: str, kept: _Kept) -> str:
    return (
        f"<Version><Key>{escape(key)}</Key><VersionId>{kept.version_id}</VersionId><IsLatest>true</IsLatest>"
        f"<LastModified>{kept.at}</LastModified><ETag>&quot;{kept.etag}&quot;</ETag><Size>{kept.size_bytes}</Size>"
        "</Version>"
    )


async def _put(request: web.Request) -> web.Response:
    sink, key = request.app[_SINK], _key(request)
    if "tagging" in request.query or "retention" in request.query:
        return web.Response()
    sha256, md5, size, body = await _hashed(request)
    upload = sink.uploads.get(request.query.get("uploadId", ""))
    if upload is not None:
        upload.parts[int(request.query["partNumber"])] = (sha256, md5, size)
        return web.Response(headers={"ETag": f'"{md5.hex()}"'})
    if sink.stands(request, key):
        return _error(412, "PreconditionFailed")
    return sink.keep(key, _kept(sink, request.headers.items(), size, sha256, md5.hex(), body))


async def _hashed(request: web.Request) -> tuple[bytes, bytes, int, bytes | None]:
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    keeps = request.content_type == "application/json" or request.match_info["key"].startswith("evidence/")
    kept = bytearray()
    async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
        sha256.update(chunk)
        md5.update(chunk)
        size += len(chunk)
        if keeps and len(kept) < _LONGEST_KEPT_BYTES:
            kept += chunk
    return sha256.digest(), md5.digest(), size, bytes(kept) if keeps else None


def _kept(sink: _Sink, headers: object, size: int, sha256: bytes, etag: str, body: bytes | None) -> _Kept:
    named = {name.lower(): value for name, value in headers}  # type: ignore[attr-defined]
    carried = {
        name: value
        for name, value in named.items()
        if name.startswith(("x-amz-object-lock", "x-amz-meta-")) or name == "content-type"
    }
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    return _Kept(size, b64encode(sha256).decode(), etag, carried, body, f"v{sink.puts + 1}", at)


async def _post(request: web.Request) -> web.Response:
    sink, key = request.app[_SINK], _key(request)
    if "uploads" in request.query:
        upload_id = f"u{len(sink.uploads) + 1}"
        sink.uploads[upload_id] = _Upload(dict(request.headers))
        return _xml(f"<InitiateMultipartUploadResult><UploadId>{upload_id}</UploadId></InitiateMultipartUploadResult>")
    await request.read()
    if sink.stands(request, key):
        return _error(412, "PreconditionFailed")
    upload = sink.uploads.pop(request.query["uploadId"])
    parts = [upload.parts[number] for number in sorted(upload.parts)]
    sha256 = hashlib.sha256(b"".join(part[0] for part in parts)).digest()
    etag = hashlib.md5(b"".join(part[1] for part in parts), usedforsecurity=False).hexdigest() + f"-{len(parts)}"
    kept = _kept(sink, upload.headers.items(), sum(part[2] for part in parts), sha256, etag, None)
    answer = sink.keep(key, kept)
    body = f"{_XML}<CompleteMultipartUploadResult><ETag>&quot;{etag}&quot;</ETag></CompleteMultipartUploadResult>"
    return web.Response(text=body, content_type="application/xml", headers=answer.headers)


async def _get(request: web.Request) -> web.Response:
    kept = request.app[_SINK].objects.get(_key(request))
    if "tagging" in request.query:
        return _xml("<Tagging><TagSet></TagSet></Tagging>")
    if kept is None:
        return _error(404, "NoSuchKey")
    headers = kept.headers | {
        "ETag": f'"{kept.etag}"',
        "x-amz-version-id": kept.version_id,
        "x-amz-checksum-sha256": kept.checksum,
        "Last-Modified": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()),
    }
    if request.method == "HEAD":
        return web.Response(headers=headers | {"Content-Length": str(kept.size_bytes)})
    if kept.body is None:
        return _error(410, "BytesNotKept")
    return web.Response(body=kept.body, headers=headers)


async def _stats(request: web.Request) -> web.Response:
    sink = request.app[_SINK]
    return web.json_response({"puts": sink.puts, "bytes": sum(one.size_bytes for one in sink.objects.values())})


def _xml(text: str) -> web.Response:
    return web.Response(text=_XML + text, content_type="application/xml")


def _error(status: int, code: str) -> web.Response:
    return web.Response(status=status, text=f"{_XML}<Error><Code>{code}</Code></Error>", content_type="application/xml")


async def _serve() -> None:
    app = web.Application(client_max_size=0)
    app[_SINK] = _Sink()
    app.router.add_get("/_sink", _stats)
    app.router.add_route("*", "/{bucket}", _bucket)
    app.router.add_route("*", "/{bucket}/", _bucket)
    for method, handler in (("PUT", _put), ("POST", _post), ("HEAD", _get), ("GET", _get)):
        app.router.add_route(method, "/{bucket}/{key:.+}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    print(json.dumps({"url": f"http://{host}:{port}"}), flush=True)
    await asyncio.Event().wait()


@contextmanager
def running_sink(log: Path) -> Iterator[str]:
    """Run a sink in a process of its own; its URL. It is stopped on leaving. Raises NotStarted."""
    log.unlink(missing_ok=True)
    child = start("the sink", [sys.executable, "-m", "bench.sink"], log=log)

    def address() -> str | None:
        for line in child.log_text().splitlines():
            if line.startswith('{"url"'):
                return str(json.loads(line)["url"])
        return None

    try:
        yield child.wait_until(address, timeout_s=60)
    finally:
        child.stop()


if __name__ == "__main__":
    asyncio.run(_serve())

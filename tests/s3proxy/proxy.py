"""The proxy: reads a request, refuses or spoils it, passes it on byte for byte, and passes or loses the answer."""

import asyncio
import base64
import hashlib
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Any

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, web
from multidict import CIMultiDict
from yarl import URL

from .cold import Cold
from .faults import Fault, Faults
from .operations import operation_of
from .refusals import DATE_HEADER, MODE_HEADER, LockAsked, Refused, refuse_loosening, refuse_malformed

_CHUNK_BYTES = 256 * 1024
_IN_MEMORY_BYTES = 1024 * 1024
_CHECKSUM = "x-amz-checksum-sha256"
_CONDITION = "If-None-Match"
# RFC 9110, section 7.6.1, and what aiohttp decides for itself on each side.
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"})


class Proxy:
    """One proxy before one S3 server."""

    def __init__(self, upstream: str, session: ClientSession) -> None:
        self._upstream = upstream.rstrip("/")
        self._session = session
        self._faults = Faults()
        self._cold = Cold()
        self._requests: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self._puts_at: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def set_faults(self, request: web.Request) -> web.Response:
        """POST /_proxy/faults: replaces the faults that are set; `{}` clears them.

        `cold` is no fault but a store of its own kind, begun anew by each such request: nothing is restored in it.
        """
        try:
            wanted = await request.json()
            self._cold = Cold(**wanted.pop("cold", {}))
            self._faults.replace(wanted)
        except (ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({})

    async def asked(self, _request: web.Request) -> web.Response:
        """GET /_proxy/asked: each RestoreObject since the cold store began, `{"path", "tier", "days", "status"}`."""
        return web.json_response(self._cold.asked)

    async def stats(self, _request: web.Request) -> web.Response:
        """GET /_proxy/stats: `{"requests": {operation: {status: count}}, "faults": {name: count}}`; 0 is a cut."""
        return web.json_response({"requests": self._requests, "faults": self._faults.applied})

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any other request."""
        operation = operation_of(request.method, request.path, request.query)

        def hit(name: str) -> bool:
            return self._faults.take(name, operation, request.method, request.path) is not None

        if slow := self._faults.take("slow", operation, request.method, request.path):
            await asyncio.sleep(slow.seconds)
        if hit("reset"):
            return self._cut(request, operation)
        try:
            for status, code in ((500, "InternalError"), (503, "SlowDown")):
                if hit(f"error_{status}"):
                    raise Refused(status, code, "as asked of the proxy")
            headers = _passed_on(request.headers)
            if hit("drop_conditional"):
                headers.pop(_CONDITION, None)
            if hit("drop_multipart_lock") or hit("drop_put_lock"):
                headers.pop(MODE_HEADER, None)
                headers.pop(DATE_HEADER, None)
            refuse_malformed(LockAsked.from_headers(request.headers))
            with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as body:
                await _receive(request, body, flip=hit("flip_bit"))
                if not hit("trust_checksums"):
                    _refuse_damaged(request.headers, body)
                if operation == "RestoreObject" and self._cold.storage_class(request.path):
                    return await self._restore(request, body)
                if operation == "GetObject":
                    self._cold.refuse_reading(request.path, request.query.get("versionId", ""))
                if operation == "PutObjectRetention":
                    await self._refuse_wrong_retention(request, body)
                # The stand-in looks and then writes in two steps; in S3 a conditional put is one.
                async with self._puts_at[request.path] if _CONDITION in headers else asyncio.Semaphore():
                    return await self._forward(
                        request,
                        operation,
                        headers,
                        body,
                        lose=hit("lose_put_answer"),
                        hold=self._faults.take("hold_answer", operation, request.method, request.path),
                        drop_checksum=hit("drop_checksum"),
                    )
        except Refused as refused:
            self._requests[operation][refused.status] += 1
            await _discard(request)
            return web.Response(status=refused.status, body=refused.xml(), content_type="application/xml")

    async def _forward(
        self,
        request: web.Request,
        operation: str,
        headers: CIMultiDict[str],
        body: IO[bytes],
        *,
        lose: bool,
        hold: Fault | None,
        drop_checksum: bool,
    ) -> web.StreamResponse:
        has_body = "Content-Length" in headers or "Transfer-Encoding" in request.headers
        async with self._session.request(
            request.method,
            URL(self._upstream + request.raw_path, encoded=True),
            headers=headers,
            data=_chunks(body) if has_body else None,
            allow_redirects=False,
        ) as answer:
            if lose:
                await answer.read()
                return self._cut(request, operation)
            if hold:
                await answer.read()
                await asyncio.sleep(hold.seconds)
            self._requests[operation][answer.status] += 1
            passed = _passed_on(answer.headers)
            if drop_checksum:
                passed.popall(_CHECKSUM, None)
            if operation == "HeadObject":
                passed.update(self._cold.headers(request.path, request.query.get("versionId", "")))
            response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=passed)
            await response.prepare(request)
            async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
                await response.write(chunk)
            await response.write_eof()
            return response

    async def _restore(self, request: web.Request, body: IO[bytes]) -> web.StreamResponse:
        status = self._cold.restore(request.path, request.query.get("versionId", ""), body.read())
        hold = self._faults.take("hold_answer", "RestoreObject", request.method, request.path)
        if hold:
            await asyncio.sleep(hold.seconds)
        if self._faults.take("lose_restore_answer", "RestoreObject", request.method, request.path):
            return self._cut(request, "RestoreObject")
        self._requests["RestoreObject"][status] += 1
        return web.Response(status=status)

    async def _refuse_wrong_retention(self, request: web.Request, body: IO[bytes]) -> None:
        asked = LockAsked.from_xml(body.read())
        body.seek(0)
        refuse_malformed(asked)
        version = {name: value for name, value in request.query.items() if name == "versionId"}
        async with self._session.head(
            URL(self._upstream + request.rel_url.raw_path, encoded=True).with_query(version),
            headers={"Authorization": request.headers.get("Authorization", "")},
        ) as answer:
            standing = LockAsked.from_headers(answer.headers)
        bypass = request.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
        refuse_loosening(asked, standing, bypass)

    def _cut(self, request: web.Request, operation: str) -> web.StreamResponse:
        self._requests[operation][0] += 1
        if request.transport is not None:
            request.transport.abort()
        return web.Response()  # goes nowhere: its connection is gone


@asynccontextmanager
async def serve(upstream: str, port: int) -> AsyncIterator[str]:
    """Serve on 127.0.0.1 and give the proxy's URL; port 0 is any free one."""
    async with ClientSession(
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    ) as session:
        proxy = Proxy(upstream, session)
        application = web.Application()
        application.router.add_post("/_proxy/faults", proxy.set_faults)
        application.router.add_get("/_proxy/stats", proxy.stats)
        application.router.add_get("/_proxy/asked", proxy.asked)
        application.router.add_route("*", "/{path:.*}", proxy.handle)
        runner = web.AppRunner(application, access_log=None, auto_decompress=False)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        try:
            name: tuple[Any, ...] = runner.addresses[0]
            yield f"http://127.0.0.1:{name[1]}"
        finally:
            await runner.cleanup()


def _passed_on(headers: Any) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _HOP_BY_HOP)


async def _receive(request: web.Request, body: IO[bytes], *, flip: bool) -> None:
    async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
        body.write(bytes([chunk[0] ^ 1]) + chunk[1:] if flip else chunk)
        flip = False
    body.seek(0)


async def _discard(request: web.Request) -> None:
    async for _ in request.content.iter_chunked(_CHUNK_BYTES):
        pass


async def _chunks(body: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := body.read(_CHUNK_BYTES):
        yield chunk


def _refuse_damaged(headers: Any, body: IO[bytes]) -> None:
    """The stand-in repeats the checksum it is told; S3 computes it."""
    if _CHECKSUM not in headers:
        return
    digest = hashlib.file_digest(body, "sha256").digest()
    body.seek(0)
    if base64.b64encode(digest).decode() != headers[_CHECKSUM]:
        raise Refused(400, "BadDigest", "the SHA256 you specified did not match the calculated checksum")

"""The HTTP server: the routes of the Message Batches, Messages and Models APIs."""

import asyncio
import hashlib
import logging
import secrets
import time
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from aijobs.wire.errors import TYPE_BY_STATUS, ApiError, invalid, not_found
from aijobs.wire.splitter import RequestSplitter

from .answers import answer, order_of, rows
from .batches import Batches
from .caches import Reader
from .control import ControlRoutes
from .faults import (
    FAULT,
    Faults,
    Handler,
    drain,
    drop,
    garbled,
    hesitate,
    is_connected,
    meet,
    shaped,
)
from .limits import KINDS, Sizes
from .outcomes import ERRORED, json_object
from .prices import step
from .reports import PATH as ADMIN_PATH
from .reports import Reports
from .store import MINUTE, Batch, Line
from .streaming import EventStream

_logger = logging.getLogger(__name__)

_CHUNK = 1 << 20
_BLOCK = 1 << 18
_MAX_MESSAGE_BYTES = 32_000_000
_MAX_PAGE = 1_000
_CUT_AFTER_SECONDS = 0.05
_MODELS = {
    "claude-opus-5-5": "Claude Opus 5.5",
    "claude-sonnet-5-5": "Claude Sonnet 5.5",
    "claude-haiku-5-5": "Claude Haiku 5.5",
}

_REQUEST_ID = web.RequestKey("request_id", str)
_WORKSPACE = web.RequestKey("workspace", str)


class Api:
    """The handlers, one a route."""

    def __init__(self, batches: Batches, faults: Faults) -> None:
        self._batches = batches
        self._faults = faults
        self._limits = batches.limits

    def routes(self) -> list[web.RouteDef]:
        path = "/v1/messages/batches"
        one = f"{path}/{{batch_id}}"
        return [
            web.post(path, self.create, name="create"),
            web.get(path, self.list, name="list", allow_head=False),
            web.get(one, self.retrieve, name="retrieve", allow_head=False),
            web.get(f"{one}/results", self.results, name="results", allow_head=False),
            web.post(f"{one}/cancel", self.cancel, name="cancel"),
            web.delete(one, self.delete, name="delete"),
            web.post("/v1/messages", self.message, name="message"),
            web.get("/v1/models", self.models, name="models", allow_head=False),
        ]

    @web.middleware
    async def envelope(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Give each call its id, and each error the shape and type the API gives it."""
        request_id = f"req_{secrets.token_hex(12)}"
        request[_REQUEST_ID] = request_id
        headers = {"request-id": request_id}
        started = time.monotonic()
        try:
            response = await handler(request)
        except ApiError as error:
            headers.update(error.headers)
            if error.retry_after_seconds is not None:
                headers["retry-after"] = f"{error.retry_after_seconds:g}"
            response = _json(error.envelope(request_id), error.status)
        except ConnectionError:
            # The client went away: nobody reads this.
            response = web.Response()
        except web.HTTPException as error:
            kind = TYPE_BY_STATUS.get(error.status, "invalid_request_error")
            message = error.reason.lower() if error.reason else ""
            response = _json(
                ApiError(error.status, message, kind).envelope(request_id), error.status
            )
        if not response.prepared:
            response.headers.update(headers)
        _logger.info(
            "%s %s %s %.0f ms",
            request.method,
            request.path,
            response.status if is_connected(request) else "dropped",
            1_000 * (time.monotonic() - started),
        )
        return response

    @web.middleware
    async def gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Authenticate calls of the API, count them, and let them meet the faults ordered."""
        if not request.path.startswith("/v1/"):
            return await handler(request)
        call = request.match_info.route.name or "unknown"
        self._batches.store.count(f"calls_{call}")
        try:
            request[_WORKSPACE] = self._workspace(request)
        except ApiError:
            await drain(request)
            raise
        fault = self._faults.take(call)
        task = asyncio.current_task()
        assert task is not None
        self._batches.calls_under_way.add(task)
        try:
            return await (handler(request) if fault is None else meet(fault, request, handler))
        finally:
            self._batches.calls_under_way.discard(task)

    def _workspace(self, request: web.Request) -> str:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        key = request.headers.get("x-api-key") or (token if scheme.lower() == "bearer" else "")
        if not key.strip():
            raise ApiError(401, "x-api-key header is required")
        # A key is for administration or for work, and never for both.
        is_for_admin = key.startswith("sk-ant-admin")
        is_asked = request.path.startswith(ADMIN_PATH)
        if key in self._batches.settings.bad_keys or is_for_admin != is_asked:
            raise ApiError(401, "invalid x-api-key")
        if "anthropic-version" not in request.headers:
            raise invalid("anthropic-version: header is required")
        return hashlib.sha256(key.encode()).hexdigest()[:16]

    async def create(self, request: web.Request) -> web.StreamResponse:
        spool = self._batches.store.incoming(secrets.token_hex(12))
        try:
            total, size = await self._receive(request, spool)
            await hesitate(request)
            batch = self._batches.create(request[_WORKSPACE], spool, total, size)
        except ApiError:
            await drain(request)
            raise
        finally:
            spool.unlink(missing_ok=True)
        return self._batch(request, batch)

    async def _receive(self, request: web.Request, spool: Path) -> tuple[int, int]:
        """Write the requests in the body to a file, one a line; returns their number and bytes."""
        settings = self._batches.settings
        splitter = RequestSplitter(settings.max_requests)
        size = request.content_length or 0
        with spool.open("w", encoding="utf-8", newline="\n") as lines:
            if size <= settings.max_bytes:
                size = 0
                async for data in request.content.iter_chunked(_CHUNK):
                    size += len(data)
                    if size > settings.max_bytes:
                        break
                    lines.writelines(f"{one.line}\n" for one in splitter.feed(data))
            if size > settings.max_bytes:
                raise ApiError(413)
            lines.writelines(f"{one.line}\n" for one in splitter.feed(b"", last=True))
        return splitter.count, size

    async def list(self, request: web.Request) -> web.StreamResponse:
        limit = _limit(request.query.get("limit", "20"))
        after, before = (self._cursor(request, name) for name in ("after_id", "before_id"))
        if after is not None and before is not None:
            raise invalid("after_id and before_id cannot both be given")
        fault = request.get(FAULT)
        until = self._batches.now() - (fault.seconds if fault else 0.0)
        self._batches.end_due()
        found = self._batches.store.newest(
            request[_WORKSPACE], until, limit + 1, after=after, before=before
        )
        # Beyond the page lies the oldest of what was asked for, or the newest when going back.
        page = found[-limit:] if before is not None else found[:limit]
        return _json(
            {
                "data": [self._batches.view(batch, _base_url(request)) for batch in page],
                "has_more": len(found) > limit,
                "first_id": page[0].id if page else None,
                "last_id": page[-1].id if page else None,
            }
        )

    async def retrieve(self, request: web.Request) -> web.StreamResponse:
        return self._batch(request, await self._named(request))

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        return self._batch(request, self._batches.cancel(await self._named(request)))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        batch = await self._named(request)
        self._batches.delete(batch)
        return _json({"id": batch.id, "type": "message_batch_deleted"})

    async def results(self, request: web.Request) -> web.StreamResponse:
        batch = await self._named(request)
        if batch.ended_at is None:
            raise not_found(f"Batch {batch.id} has no results: it is still {batch.status}")
        if self._batches.archived(batch):
            raise not_found(f"The results of batch {batch.id} are no longer available")
        fault = request.get(FAULT)
        response = web.StreamResponse(
            headers={
                "Content-Type": "application/x-jsonl",
                "request-id": request[_REQUEST_ID],
            }
        )
        await response.prepare(request)
        answers = self._batches.store.answers(batch.id)
        block = bytearray()
        for row in garbled(rows(answers, batch, shaped(order_of(batch), fault)), fault):
            block += row
            if len(block) >= _BLOCK:
                await response.write(bytes(block))
                block.clear()
        if block:
            await response.write(bytes(block))
        if fault and fault.fault == "cut":
            # A reset overtakes what is still on its way to the client.
            await asyncio.sleep(_CUT_AFTER_SECONDS)
            drop(request)
        else:
            await response.write_eof()
        return response

    async def message(self, request: web.Request) -> web.StreamResponse:
        params = await _body(request)
        await hesitate(request)
        store, key, now = self._batches.store, secrets.token_hex(12), self._batches.now()
        workspace, model, sizes = request[_WORKSPACE], str(params.get("model")), self._sizes()
        self._limits.admit(workspace, model, sizes, now)
        reader = Reader(lambda digest: store.find_cached(workspace, digest, now), in_batch=False)
        outcome = await asyncio.to_thread(answer, params, key, store, reader)
        used = (1, outcome.input_tokens, outcome.output_tokens)
        self._limits.take(workspace, model, sizes, dict(zip(KINDS, used, strict=True)), now)
        latency = self._batches.settings.latency_message
        if not params.get("stream"):
            await asyncio.sleep(latency)
        if outcome.type == ERRORED:
            error = outcome.result["error"]["error"]
            raise ApiError.of_type(error["type"], error["message"])
        message, fault = outcome.result["message"], request.get(FAULT)
        stream = partial(
            EventStream, message, seconds=latency, under_way=self._batches.calls_under_way
        )
        if params.get("stream") and fault and fault.fault == "error_event" and not fault.rows:
            return stream(fault=fault)  # It fails before it begins: nothing is billed.
        if outcome.cache.digests:
            store.use_cache(workspace, None, now, [(0, outcome.cache)])
        store.count("messages_billed")
        store.count("message_input_tokens", outcome.input_tokens)
        store.count("message_output_tokens", outcome.output_tokens)
        minute = int(self._batches.now()) // MINUTE
        place = (request[_WORKSPACE], outcome.model, "standard", step(outcome.used.prompt))
        store.bill({Line(minute, *place): outcome.used})
        response = stream(fault=fault) if params.get("stream") else _json(message)
        response.headers.update(self._limits.headers(workspace, model, sizes, now))
        return response

    def _sizes(self) -> Sizes:
        settings = self._batches.settings
        sizes = (
            *(settings.requests_per_minute, settings.input_tokens_per_minute),
            settings.output_tokens_per_minute,
        )
        return dict(zip(KINDS, sizes, strict=True))

    async def models(self, _request: web.Request) -> web.StreamResponse:
        data = [
            {
                "id": model,
                "type": "model",
                "display_name": name,
                "created_at": "1970-01-01T00:00:00Z",
                "capabilities": None,
                "deprecated_at": None,
                "lifecycle": "active",
                "line": None,
                "max_input_tokens": None,
                "max_tokens": None,
                "retires_at": None,
            }
            for model, name in _MODELS.items()
        ]
        first, last = data[0]["id"], data[-1]["id"]
        return _json({"data": data, "has_more": False, "first_id": first, "last_id": last})

    async def _named(self, request: web.Request) -> Batch:
        """The batch in the path; ApiError 404 if this workspace has none of this name."""
        batch_id, workspace = request.match_info["batch_id"], request[_WORKSPACE]
        batch = self._batches.find(batch_id, workspace)
        if batch.ended_at is None and batch.ends_at <= self._batches.now():
            await self._batches.answering.wait(batch_id, self._batches.settings.answers_wait)
            return self._batches.find(batch_id, workspace)
        return batch

    def _cursor(self, request: web.Request, name: str) -> int | None:
        batch_id = request.query.get(name)
        if not batch_id:
            return None
        batch = self._batches.store.find(batch_id, request[_WORKSPACE])
        if batch is None:
            raise invalid(f"{name}: no such message batch")
        return batch.sequence

    def _batch(self, request: web.Request, batch: Batch) -> web.Response:
        return _json(self._batches.view(batch, _base_url(request)))


def create_app(batches: Batches, *, controllable: bool) -> web.Application:
    """The server's application; the control routes refuse to work unless `controllable`."""
    faults = Faults()
    api = Api(batches, faults)
    app = web.Application(middlewares=[api.envelope, api.gate])
    app.add_routes(api.routes())
    app.add_routes(Reports(batches).routes())
    app.add_routes(ControlRoutes(batches, faults, allowed=controllable).routes())
    return app


async def start(
    host: str, port: int, batches: Batches, *, controllable: bool
) -> tuple[web.AppRunner, int]:
    """Serve at this address; returns what to `cleanup()` in the end, and the port (of 0: the one
    that was free)."""
    app = create_app(batches, controllable=controllable)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, read_bufsize=_CHUNK)
    await runner.setup()
    await web.TCPSite(runner, host, port, backlog=1_024).start()
    return runner, runner.addresses[0][1]


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")


async def _body(request: web.Request) -> dict[str, Any]:
    data = bytearray()
    async for chunk in request.content.iter_chunked(_CHUNK):
        data += chunk
        if len(data) > _MAX_MESSAGE_BYTES:
            await drain(request)
            raise ApiError(413)
    return json_object(bytes(data))


def _base_url(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"


def _limit(value: str) -> int:
    limit = int(value) if value.isascii() and value.isdigit() else 0
    if not 1 <= limit <= _MAX_PAGE:
        raise invalid(f"limit: Input should be an integer from 1 to {_MAX_PAGE}")
    return limit

"""Routes for tests and demonstrations: faults to order, time to pass, and the books."""

from dataclasses import asdict
from typing import Any, TypeVar

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from aijobs.wire.errors import ApiError, invalid

from .batches import Batches, Settings
from .faults import Fault, Faults, Handler
from .outcomes import CANCELED, EXPIRED, json_object

_Model = TypeVar("_Model", bound=BaseModel)


class ControlRoutes:
    """They ask for no key, so they work on the loopback interface only."""

    def __init__(self, batches: Batches, faults: Faults, *, allowed: bool) -> None:
        self._batches = batches
        self._faults = faults
        self._allowed = allowed

    def routes(self) -> list[web.RouteDef]:
        routes = [
            ("GET", "/emulator/stats", self.stats),
            ("GET", "/emulator/faults", self.faults),
            ("POST", "/emulator/faults", self.add_fault),
            ("DELETE", "/emulator/faults", self.clear_faults),
            ("GET", "/emulator/settings", self.settings),
            ("POST", "/emulator/settings", self.change_settings),
            ("POST", "/emulator/clock", self.advance_clock),
            ("POST", "/emulator/reset", self.reset),
            ("GET", "/emulator/batches", self.batches),
            ("GET", "/emulator/batches/{batch_id}", self.batch),
            ("POST", "/emulator/batches/{batch_id}/end", self.end_batch),
        ]
        return [web.route(method, path, self._guarded(do)) for method, path, do in routes]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._allowed:
                raise ApiError(403, "The control routes work on the loopback interface only")
            if "Origin" in request.headers:
                raise ApiError(403, "The control routes are not for web pages")
            return await handler(request)

        return guarded

    async def stats(self, _request: web.Request) -> web.Response:
        return _json(self._batches.stats())

    async def faults(self, _request: web.Request) -> web.Response:
        return _json(self._faults.view())

    async def add_fault(self, request: web.Request) -> web.Response:
        self._faults.add(_valid(Fault, await _order(request)))
        return _json(self._faults.view())

    async def clear_faults(self, _request: web.Request) -> web.Response:
        self._faults.clear()
        return _json([])

    async def settings(self, _request: web.Request) -> web.Response:
        return _json(self._batches.settings.model_dump(mode="json"))

    async def change_settings(self, request: web.Request) -> web.Response:
        changed = self._batches.settings.model_dump() | await _order(request)
        self._batches.settings = _valid(Settings, changed)
        return await self.settings(request)

    async def advance_clock(self, request: web.Request) -> web.Response:
        seconds = (await _order(request)).get("advance_seconds")
        if not isinstance(seconds, int | float):
            raise invalid("advance_seconds: a number of seconds")
        self._batches.advance(float(seconds))
        return _json({"now": self._batches.now()})

    async def reset(self, _request: web.Request) -> web.Response:
        self._faults.clear()
        self._batches.reset()
        return _json(self._batches.stats())

    async def batches(self, _request: web.Request) -> web.Response:
        self._batches.end_due()
        cached = self._batches.store.cached_tokens()
        return _json(
            [
                {
                    **asdict(it),
                    "status": it.status,
                    "cache_read_tokens": cached.get(it.id, (0, 0))[0],
                    "cache_write_tokens": cached.get(it.id, (0, 0))[1],
                }
                for it in self._batches.store.all()
            ]
        )

    async def batch(self, request: web.Request) -> web.Response:
        batch = self._batches.find(request.match_info["batch_id"])
        return _json({**asdict(batch), "status": batch.status})

    async def end_batch(self, request: web.Request) -> web.Response:
        """End it now; `finished` of its requests have results, the others become `rest`."""
        batch = self._batches.find(request.match_info["batch_id"])
        order = await _order(request)
        finished, rest = order.get("finished", batch.total), order.get("rest", EXPIRED)
        if type(finished) is not int or not 0 <= finished <= batch.total:
            raise invalid(f"finished: an integer from 0 to {batch.total}")
        if rest not in {CANCELED, EXPIRED}:
            raise invalid("rest: canceled or expired")
        if batch.ended_at is None:
            self._batches.finish(batch, finished, rest, self._batches.now())
            await self._batches.answering.wait(batch.id)
        return await self.batch(request)


def _valid(model: type[_Model], values: dict[str, Any]) -> _Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise invalid(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


async def _order(request: web.Request) -> dict[str, Any]:
    data = await request.read()
    return json_object(data) if data else {}


def _json(body: object) -> web.Response:
    # orjson writes an infinite latency as null.
    return web.Response(body=orjson.dumps(body), content_type="application/json")

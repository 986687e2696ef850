"""The Usage and Cost Admin API, out of the emulator's own books: a provider's bill."""

import base64
import binascii
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
from aiohttp import web

from aijobs.wire.errors import invalid

from . import prices
from .batches import Batches
from .prices import NOTHING, Used
from .store import Line

PATH = "/v1/organizations/"

# How many buckets an answer has, if nothing is said, and at most.
_LENGTHS = {
    "1m": (timedelta(minutes=1), 60, 1_440),
    "1h": (timedelta(hours=1), 24, 168),
    "1d": (timedelta(days=1), 7, 31),
}
_WINDOWS = ("0-200k", "0-200k", "200k-1M")  # by the length of the prompt
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TOKEN_NAMES = {
    "uncached_input_tokens": "Input Tokens",
    "output_tokens": "Output Tokens",
    "cache_read_input_tokens": "Input Tokens, Cache Read",
    "ephemeral_5m_input_tokens": "Input Tokens, Cache Write 5m",
    "ephemeral_1h_input_tokens": "Input Tokens, Cache Write 1h",
}

# What a line is about, by the names of the fields of an answer.
_OF_LINE: Mapping[str, Callable[[Line], str]] = {
    "model": lambda line: line.model,
    "service_tier": lambda line: line.tier,
    "context_window": lambda line: _WINDOWS[line.prompt_step],
    "workspace_id": lambda line: f"wrkspc_{line.workspace}",
    "api_key_id": lambda line: f"apikey_{line.workspace}",
}
_FILTERS = {
    "models[]": "model",
    "service_tiers[]": "service_tier",
    "context_window[]": "context_window",
    "workspace_ids[]": "workspace_id",
    "api_key_ids[]": "api_key_id",
}


@dataclass(frozen=True, slots=True)
class _Page:
    """The buckets of an answer, and where the next page begins."""

    starts: list[datetime]
    width: timedelta
    next_start: datetime | None

    def view(self, results: Callable[[datetime, datetime], Sequence[object]]) -> dict[str, object]:
        return {
            "data": [
                {
                    "starting_at": _moment(start),
                    "ending_at": _moment(start + self.width),
                    "results": results(start, start + self.width),
                }
                for start in self.starts
            ],
            "has_more": self.next_start is not None,
            "next_page": None if self.next_start is None else _token(self.next_start),
        }


class Reports:
    """What was used and what it costs, of all workspaces: for whoever has an admin key."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches

    def routes(self) -> list[web.RouteDef]:
        usage, cost = f"{PATH}usage_report/messages", f"{PATH}cost_report"
        return [
            web.get(usage, self.usage, name="usage_report", allow_head=False),
            web.get(cost, self.cost, name="cost_report", allow_head=False),
        ]

    async def usage(self, request: web.Request) -> web.StreamResponse:
        page = self._page(request, {"1m", "1h", "1d"})
        groups = _groups(request, set(_OF_LINE))

        def results(start: datetime, end: datetime) -> list[object]:
            sums: dict[tuple[str | None, ...], Used] = defaultdict(lambda: NOTHING)
            for line, used in self._lines(request, start, end):
                sums[_key(line, groups)] += used
            return [_used(key, used) for key, used in sorted(sums.items(), key=_order)]

        return _json(page.view(results))

    async def cost(self, request: web.Request) -> web.StreamResponse:
        page = self._page(request, {"1d"})
        groups = _groups(request, {"workspace_id", "description"})
        told = {"model", "service_tier", "context_window"} if "description" in groups else set()
        told |= groups & {"workspace_id"}

        def results(start: datetime, end: datetime) -> list[object]:
            sums: dict[tuple[str | None, ...], Decimal] = defaultdict(Decimal)
            for line, used in self._lines(request, start, end):
                amounts = prices.cents(line.model, line.tier, line.prompt_step, used)
                for kind, tokens, amount in zip(Used._fields, used, amounts, strict=True):
                    if tokens:
                        said = kind if "description" in groups else None
                        sums[*_key(line, told), said] += amount
            return [_amount(key, cents) for key, cents in sorted(sums.items(), key=_order)]

        return _json(page.view(results))

    def _lines(
        self, request: web.Request, start: datetime, end: datetime
    ) -> Iterator[tuple[Line, Used]]:
        wanted = {
            field: set(request.query.getall(name))
            for name, field in _FILTERS.items()
            if name in request.query
        }
        for line, used in self._batches.store.billed(start.timestamp(), end.timestamp()).items():
            if all(_OF_LINE[field](line) in values for field, values in wanted.items()):
                yield line, used

    def _page(self, request: web.Request, widths: set[str]) -> _Page:
        """The buckets that are asked for; ApiError 400."""
        self._batches.end_due()
        name = request.query.get("bucket_width", "1d")
        if name not in widths:
            raise invalid(f"bucket_width: Input should be {' or '.join(sorted(widths))}")
        width, usual, most = _LENGTHS[name]
        limit = _limit(request, usual, most)
        now = datetime.fromtimestamp(self._batches.now(), UTC)
        start = _snapped(_asked(request, "starting_at"), width)
        # Without an end, the bucket that is not over yet is the last one.
        end = _asked(request, "ending_at", now + width)
        if end <= start:
            raise invalid("ending_at: must be after starting_at")
        end = _snapped(end, width)
        if "page" in request.query:
            start = _snapped(_of_token(request.query["page"]), width)
        count = max(0, (end - start) // width)
        starts = [start + n * width for n in range(min(count, limit))]
        return _Page(starts, width, start + limit * width if count > limit else None)


def _key(line: Line, groups: set[str]) -> tuple[str | None, ...]:
    """What a line is added up by: null stands for all of them."""
    return tuple(of(line) if field in groups else None for field, of in _OF_LINE.items())


def _order(item: tuple[tuple[str | None, ...], object]) -> list[str]:
    return [part or "" for part in item[0]]


def _used(key: Sequence[str | None], used: Used) -> dict[str, object]:
    return {
        **dict(zip(_OF_LINE, key, strict=True)),
        "uncached_input_tokens": used.uncached_input_tokens,
        "cache_creation": {
            "ephemeral_1h_input_tokens": used.ephemeral_1h_input_tokens,
            "ephemeral_5m_input_tokens": used.ephemeral_5m_input_tokens,
        },
        "cache_read_input_tokens": used.cache_read_input_tokens,
        "output_tokens": used.output_tokens,
        "server_tool_use": {"web_search_requests": 0},
        "account_id": None,
        "service_account_id": None,
        "inference_geo": None,
    }


def _amount(key: Sequence[str | None], cents: Decimal) -> dict[str, object]:
    *line, kind = key
    about = dict(zip(_OF_LINE, line, strict=True))
    del about["api_key_id"]
    description = token_type = None
    if kind:
        batch = " (Batch)" if about["service_tier"] == "batch" else ""
        description = f"{about['model']} Usage{batch} - {_TOKEN_NAMES[kind]}"
        token_type = f"cache_creation.{kind}" if kind.startswith("ephemeral") else kind
    return {
        **about,
        "amount": f"{cents:.10f}",
        "currency": "USD",
        "cost_type": "tokens" if kind else None,
        "description": description,
        "token_type": token_type,
        "inference_geo": None,
    }


def _groups(request: web.Request, known: set[str]) -> set[str]:
    groups = set(request.query.getall("group_by[]", []))
    if unknown := groups - known:
        raise invalid(f"group_by: Input should be {' or '.join(sorted(known))}, not {min(unknown)}")
    return groups


def _limit(request: web.Request, usual: int, most: int) -> int:
    value = request.query.get("limit", str(usual))
    limit = int(value) if value.isascii() and value.isdigit() else 0
    if not 1 <= limit <= most:
        raise invalid(f"limit: Input should be an integer from 1 to {most}")
    return limit


def _asked(request: web.Request, name: str, default: datetime | None = None) -> datetime:
    text = request.query.get(name, "")
    if not text:
        if default is None:
            raise invalid(f"{name}: Field required")
        return default
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"{name}: Input should be a valid datetime") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _snapped(moment: datetime, width: timedelta) -> datetime:
    """The start of its bucket, in UTC."""
    return moment - (moment - _EPOCH) % width


def _token(start: datetime) -> str:
    return "page_" + base64.b64encode(_moment(start).encode()).decode()


def _of_token(page: str) -> datetime:
    try:
        text = base64.b64decode(page.removeprefix("page_"), validate=True).decode()
        return datetime.fromisoformat(text).astimezone(UTC)
    except (binascii.Error, ValueError):
        raise invalid("page: no such page") from None


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _json(body: object) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json")

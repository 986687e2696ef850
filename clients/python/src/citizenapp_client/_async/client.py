"""The client: one server, one key."""

import os
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, Unpack

import httpx2

from citizenapp_client import _wishes
from citizenapp_client._async.collections import AsyncCollections
from citizenapp_client._async.jobs import AsyncJobs
from citizenapp_client._async.operations import AsyncOperations
from citizenapp_client._async.quotes import AsyncQuotes
from citizenapp_client._async.transport import AsyncTransport
from citizenapp_client._async.webhooks import AsyncWebhooks
from citizenapp_client._calls import File, Moment, get, operation
from citizenapp_client._version import HEADERS
from citizenapp_client._wishes import JobWishes
from citizenapp_client.models import Queued, Usage
from citizenapp_client.retrying import Retries

GroupBy = Literal["day", "job_type", "route", "model", "created_by", "collection"]


class AsyncClient:
    """Talks to CitizenApp with one API key. Close it, or use it as a context manager.

    `url` and `api_key` are those of the environment, CITIZENAPP_URL and CITIZENAPP_API_KEY, unless
    they are given. `timeout` is in seconds. `http` is for proxies and certificates of your own.
    """

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        timeout: float = 60,
        retries: Retries | None = None,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        url = url or os.environ.get("CITIZENAPP_URL", "")
        api_key = api_key or os.environ.get("CITIZENAPP_API_KEY", "")
        if not url.startswith(("http://", "https://")):
            raise ValueError("The URL of CitizenApp must begin with https:// or http://.")
        if not api_key:
            raise ValueError("An API key is needed: owners and admins of a workspace make them.")
        http = http or httpx2.AsyncClient(timeout=httpx2.Timeout(timeout, connect=10))
        http.base_url = httpx2.URL(f"{url.rstrip('/')}/api/ai/")
        http.headers.update(HEADERS | {"Authorization": f"Bearer {api_key}"})
        self._transport = AsyncTransport(http, retries or Retries())
        self.jobs = AsyncJobs(self._transport)
        self.collections = AsyncCollections(self._transport)
        self.quotes = AsyncQuotes(self._transport)
        self.operations = AsyncOperations(self._transport)
        self.webhooks = AsyncWebhooks(self._transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self._transport.close()

    @operation("summarize")
    async def summarize(
        self,
        text: str | None = None,
        *,
        file: File | Sequence[File] | None = None,
        max_length: int | None = None,
        **wishes: Unpack[JobWishes],
    ) -> Queued:
        """Queue a summary of a text, or of a file; several files are the documents of one job."""
        options = {"max_length": max_length}
        call = _wishes.job("summarize", text, file, options, wishes)
        return await self._transport.ask(Queued, call)

    @operation("classify")
    async def classify(
        self,
        text: str | None = None,
        *,
        categories: Sequence[str],
        file: File | Sequence[File] | None = None,
        **wishes: Unpack[JobWishes],
    ) -> Queued:
        """Queue the choice of one of these categories."""
        options = {"categories": [*categories]}
        call = _wishes.job("classify", text, file, options, wishes)
        return await self._transport.ask(Queued, call)

    @operation("analyze")
    async def analyze(
        self,
        text: str | None = None,
        *,
        file: File | Sequence[File] | None = None,
        questions: Sequence[str] | None = None,
        **wishes: Unpack[JobWishes],
    ) -> Queued:
        """Queue an analysis of a policy: findings, obligations, risks, answers to questions."""
        options = {"questions": questions and [*questions]}
        call = _wishes.job("analyze", text, file, options, wishes)
        return await self._transport.ask(Queued, call)

    @operation("get_usage")
    async def usage(
        self,
        *,
        from_: Moment | None = None,
        to: Moment | None = None,
        group_by: Sequence[GroupBy] | None = None,
        details: bool | None = None,
    ) -> Usage:
        """What was spent and saved in a period, by groups. Moments are in UTC."""
        call = get("usage", from_=from_, to=to, group_by=group_by, details=details)
        return await self._transport.ask(Usage, call)

    @operation("get_usage")
    async def usage_table(
        self,
        path: str | PathLike[str],
        *,
        as_: Literal["csv", "xlsx"] | None = None,
        from_: Moment | None = None,
        to: Moment | None = None,
        group_by: Sequence[GroupBy] | None = None,
        table: Literal["usage", "quotes", "budget"] | None = None,
        bom: bool | None = None,
    ) -> Path:
        """Write the same to a file: a workbook with all tables, or one table as csv."""
        form = as_ or Path(path).suffix.lstrip(".").lower() or "csv"
        call = get("usage", as_=form, from_=from_, to=to, group_by=group_by, table=table, bom=bom)
        return await self._transport.save(call, path)

    @operation("export_everything")
    async def export(self, path: str | PathLike[str]) -> Path:
        """Write everything that your workspace has to a ZIP."""
        return await self._transport.save(get("export"), path)

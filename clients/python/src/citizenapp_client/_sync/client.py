"""The client: one server, one key."""

# Written by generate.py: `make schema` does it anew.

import os
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, Unpack

import httpx2

from citizenapp_client import _wishes
from citizenapp_client._calls import File, Moment, get, operation
from citizenapp_client._sync.collections import Collections
from citizenapp_client._sync.jobs import Jobs
from citizenapp_client._sync.operations import Operations
from citizenapp_client._sync.quotes import Quotes
from citizenapp_client._sync.transport import Transport
from citizenapp_client._sync.webhooks import Webhooks
from citizenapp_client._version import HEADERS
from citizenapp_client._wishes import JobWishes
from citizenapp_client.models import Queued, Usage
from citizenapp_client.retrying import Retries

GroupBy = Literal["day", "job_type", "route", "model", "created_by", "collection"]


class Client:
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
        http: httpx2.Client | None = None,
    ) -> None:
        url = url or os.environ.get("CITIZENAPP_URL", "")
        api_key = api_key or os.environ.get("CITIZENAPP_API_KEY", "")
        if not url.startswith(("http://", "https://")):
            raise ValueError("The URL of CitizenApp must begin with https:// or http://.")
        if not api_key:
            raise ValueError("An API key is needed: owners and admins of a workspace make them.")
        http = http or httpx2.Client(timeout=httpx2.Timeout(timeout, connect=10))
        http.base_url = httpx2.URL(f"{url.rstrip('/')}/api/ai/")
        http.headers.update(HEADERS | {"Authorization": f"Bearer {api_key}"})
        self._transport = Transport(http, retries or Retries())
        self.jobs = Jobs(self._transport)
        self.collections = Collections(self._transport)
        self.quotes = Quotes(self._transport)
        self.operations = Operations(self._transport)
        self.webhooks = Webhooks(self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._transport.close()

    @operation("summarize")
    def summarize(
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
        return self._transport.ask(Queued, call)

    @operation("classify")
    def classify(
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
        return self._transport.ask(Queued, call)

    @operation("analyze")
    def analyze(
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
        return self._transport.ask(Queued, call)

    @operation("get_usage")
    def usage(
        self,
        *,
        from_: Moment | None = None,
        to: Moment | None = None,
        group_by: Sequence[GroupBy] | None = None,
        details: bool | None = None,
    ) -> Usage:
        """What was spent and saved in a period, by groups. Moments are in UTC."""
        call = get("usage", from_=from_, to=to, group_by=group_by, details=details)
        return self._transport.ask(Usage, call)

    @operation("get_usage")
    def usage_table(
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
        return self._transport.save(call, path)

    @operation("export_everything")
    def export(self, path: str | PathLike[str]) -> Path:
        """Write everything that your workspace has to a ZIP."""
        return self._transport.save(get("export"), path)

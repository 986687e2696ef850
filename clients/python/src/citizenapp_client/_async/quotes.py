"""client.quotes: what work would cost, and the word that queues it."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from citizenapp_client import _wishes
from citizenapp_client._async.transport import AsyncTransport
from citizenapp_client._calls import File, Id, at, get, name_of, operation, post
from citizenapp_client._wishes import CollectionWishes, JobWishes, UploadWishes
from citizenapp_client.models import Confirmed, Quote


class AsyncQuotes:
    """Nothing is queued until a quote is confirmed, which it can be for an hour."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    @operation("summarize")
    async def summarize(
        self,
        text: str | None = None,
        *,
        file: File | Sequence[File] | None = None,
        max_length: int | None = None,
        **wishes: Unpack[JobWishes],
    ) -> Quote:
        """What `client.summarize` would cost."""
        options = {"max_length": max_length}
        call = _wishes.job("summarize", text, file, options, wishes, quote=True)
        return await self._transport.ask(Quote, call)

    @operation("classify")
    async def classify(
        self,
        text: str | None = None,
        *,
        categories: Sequence[str],
        file: File | Sequence[File] | None = None,
        **wishes: Unpack[JobWishes],
    ) -> Quote:
        """What `client.classify` would cost."""
        options = {"categories": [*categories]}
        call = _wishes.job("classify", text, file, options, wishes, quote=True)
        return await self._transport.ask(Quote, call)

    @operation("analyze")
    async def analyze(
        self,
        text: str | None = None,
        *,
        file: File | Sequence[File] | None = None,
        questions: Sequence[str] | None = None,
        **wishes: Unpack[JobWishes],
    ) -> Quote:
        """What `client.analyze` would cost."""
        options = {"questions": questions and [*questions]}
        call = _wishes.job("analyze", text, file, options, wishes, quote=True)
        return await self._transport.ask(Quote, call)

    @operation("queue_collection")
    async def create(
        self,
        name: str,
        *,
        job_type: str,
        items: Sequence[Mapping[str, Any]],
        **wishes: Unpack[CollectionWishes],
    ) -> Quote:
        """What `client.collections.create` would cost."""
        call = _wishes.items(name, job_type, items, wishes, quote=True)
        return await self._transport.ask(Quote, call)

    @operation("queue_collection")
    async def upload(
        self,
        file: File,
        *,
        job_type: str,
        name: str | None = None,
        **wishes: Unpack[UploadWishes],
    ) -> Quote:
        """What `client.collections.upload` would cost."""
        call = _wishes.table(name or name_of(file), job_type, file, wishes, quote=True)
        return await self._transport.ask(Quote, call)

    @operation("get_quote")
    async def get(self, quote_id: Id) -> Quote:
        """A quote with what became of it, and what that cost once all its jobs were over."""
        return await self._transport.ask(Quote, get(at("quotes/{}", quote_id)))

    @operation("confirm_quote")
    async def confirm(self, quote_id: Id, *, idempotency_key: str | None = None) -> Confirmed:
        """Queue what was quoted, without sending it again."""
        call = post(at("quotes/{}/confirm", quote_id), key=idempotency_key)
        return await self._transport.ask(Confirmed, call)

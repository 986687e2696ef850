"""Quotes as they are kept: with the request, until it is confirmed or an hour has passed."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any, BinaryIO, NamedTuple, cast
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from aijobs.models import AIJob, LedgerEntry, Quote, QuotePiece, UsageRollup
from aijobs.quotes.bill import Bill
from citizenapp.tenants.models import Tenant

VALID_FOR = timedelta(hours=1)
# What its jobs cost is asked so long after it was confirmed.
COMPARED_FOR = timedelta(days=30)
COLLECTION = "collection"
_SOME = 1_000


class UnknownQuote(LookupError):
    """The tenant has no such quote."""


class ExpiredQuote(Exception):
    """Its hour is over, and its documents are gone."""


class Upload(NamedTuple):
    """A file that came with what is quoted, in this field of its form."""

    field: str
    name: str
    media_type: str
    file: BinaryIO


class Request(NamedTuple):
    """What was asked for."""

    target: str
    """A job type, or COLLECTION."""
    fields: Mapping[str, Any]
    files: Sequence[Upload]
    is_form: bool


def keep(
    tenant: Tenant,
    request: Request,
    bill: Bill,
    answer: Mapping[str, Any],
    *,
    id_: UUID,
    created_by: str,
    now: datetime,
) -> Quote:
    """Store what was asked for, whole, with its price on the road that was asked for."""
    cost = bill.asked
    with transaction.atomic():
        quote = Quote.objects.create(
            id=id_,
            tenant=tenant,
            created_by=created_by,
            target=request.target,
            job_type=bill.kind.name,
            fields=dict(request.fields),
            is_form=request.is_form,
            jobs=bill.jobs,
            low_usd=cost.low,
            likely_usd=cost.likely,
            high_usd=cost.high,
            answer=dict(answer),
            created_at=now,
            expires_at=now + VALID_FOR,
        )
        for file, upload in enumerate(request.files):
            for piece in _pieces(quote, file, upload):
                piece.save(force_insert=True)
    return quote


def quote_of(tenant: Tenant, quote_id: UUID) -> Quote:
    """Raises UnknownQuote."""
    try:
        return Quote.objects.get(tenant=tenant, pk=quote_id)
    except Quote.DoesNotExist:
        raise UnknownQuote from None


@contextmanager
def confirming(tenant: Tenant, quote_id: UUID, *, now: datetime) -> Iterator["Confirmation"]:
    """A quote whose row is locked: of several who confirm it, one queues, the others read what.

    Raises UnknownQuote; ExpiredQuote unless it was confirmed before.
    """
    with transaction.atomic():
        quote = Quote.objects.select_for_update().filter(tenant=tenant, pk=quote_id).first()
        if quote is None:
            raise UnknownQuote
        if quote.queued is None and (quote.fields is None or quote.expires_at <= now):
            raise ExpiredQuote
        with ExitStack() as files:
            yield Confirmation(quote, now, files)


class Confirmation:
    """A quote that is being confirmed."""

    def __init__(self, quote: Quote, now: datetime, files: ExitStack) -> None:
        self.quote, self._now, self._files = quote, now, files

    def request(self) -> Request:
        """What was asked for, its files on disk as long as the confirmation lasts."""
        files = []
        uploads = self.quote.pieces.filter(number=1).order_by("file")
        for number, field, name, media_type in uploads.values_list(
            "file", "field", "name", "media_type"
        ):
            file = cast(BinaryIO, self._files.enter_context(tempfile.TemporaryFile()))  # noqa: SIM115
            pieces = self.quote.pieces.filter(file=number).order_by("number")
            for piece in pieces.values_list("data", flat=True).iterator(chunk_size=1):
                file.write(piece)
            file.seek(0)
            files.append(Upload(field, name, media_type, file))
        quote = self.quote
        return Request(quote.target, quote.fields or {}, files, quote.is_form)

    def done(
        self, queued: Mapping[str, Any], *, job_id: UUID | None, collection_id: UUID | None
    ) -> None:
        """Keep what became of it, and none of its documents: its jobs have them."""
        quote = self.quote
        quote.queued, quote.job_id, quote.collection_id = dict(queued), job_id, collection_id
        quote.confirmed_at, quote.fields = self._now, None
        quote.save(update_fields=["queued", "job_id", "collection_id", "confirmed_at", "fields"])
        quote.pieces.all().delete()


def prune(now: datetime) -> int:
    """Delete the documents of quotes that have expired; returns how many quotes had some."""
    expired = Quote.objects.filter(fields__isnull=False, expires_at__lte=now)[:_SOME]
    ids = list(expired.values_list("pk", flat=True))
    QuotePiece.objects.filter(quote__in=ids).delete()
    return Quote.objects.filter(pk__in=ids).update(fields=None)


def compare(now: datetime) -> int:
    """Store what the jobs of confirmed quotes cost, once all are over; returns of how many."""
    compared = 0
    waiting = Quote.objects.filter(
        charged_usd=None, confirmed_at__isnull=False, confirmed_at__gt=now - COMPARED_FOR
    )
    for quote in waiting.order_by("confirmed_at")[:_SOME]:
        jobs = AIJob.objects.filter(
            Q(collection=quote.collection_id) if quote.collection_id else Q(pk=quote.job_id)
        )
        if not jobs.exclude(status__in=AIJob.FINAL).exists():
            compared += Quote.objects.filter(pk=quote.pk, charged_usd=None).update(
                charged_usd=_charged(quote)
            )
    return compared


def _charged(quote: Quote) -> object:
    rows: QuerySet[Any] = LedgerEntry.objects.filter(job_id__in=[quote.job_id])
    if quote.collection_id:
        rows = UsageRollup.objects.filter(collection_id=quote.collection_id)
    return rows.aggregate(total=Sum("cost_usd"))["total"] or 0


def _pieces(quote: Quote, file: int, upload: Upload) -> Iterator[QuotePiece]:
    upload.file.seek(0)
    number = 0
    while (data := upload.file.read(QuotePiece.BYTES)) or not number:
        number += 1
        yield QuotePiece(
            quote=quote,
            file=file,
            field=upload.field[:100],
            name=upload.name[:255],
            media_type=upload.media_type[:255],
            number=number,
            data=data,
        )
        if len(data) < QuotePiece.BYTES:
            return

"""Quotes as they are kept: with the request, until it is confirmed or an hour has passed."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any, BinaryIO, NamedTuple, cast
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q, QuerySet, Sum

from aijobs.models import AIJob, LedgerEntry, Quote, QuotePiece, UsageRollup
from aijobs.quotes import times
from aijobs.quotes.accuracy import accuracy
from aijobs.quotes.bill import Bill, Cost
from citizenapp.tenants.models import Tenant

VALID_FOR = timedelta(hours=1)
# What its jobs cost is asked so long after it was confirmed.
COMPARED_FOR = timedelta(days=30)
COLLECTION = "collection"
# What people filled in on a page: its fields are those of the form.
# AGAIN_FORM: a collection that is run again, whose documents are here already.
JOB_FORM, COLLECTION_FORM, AGAIN_FORM = FORMS = ("job form", "collection form", "again form")
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

    def opened(self) -> "UploadedFile[Any]":
        """As if it had just been sent."""
        size = self.file.seek(0, 2)
        self.file.seek(0)
        return UploadedFile(self.file, self.name, self.media_type, size)


class Request(NamedTuple):
    """What was asked for."""

    target: str
    """A job type, COLLECTION, or one of FORMS."""
    fields: Mapping[str, Any]
    files: Sequence[Upload]
    is_form: bool


def keep(
    tenant: Tenant,
    request: Request,
    bill: Bill,
    *,
    id_: UUID,
    created_by: str,
    now: datetime,
    warnings: Sequence[str] = (),
    rejected: Sequence[Mapping[str, Any]] = (),
    rejected_count: int = 0,
) -> Quote:
    """Store what was asked for, whole, with its price on the road that was asked for.

    Some of the rows that are left out are told: `rejected`, each with `row` and `errors`.
    """
    answer = {
        "quote_id": str(id_),
        "job_type": bill.kind.name,
        "jobs": bill.jobs,
        "batch": _told(bill.batch) if bill.is_known else None,
        "at_once": _told(bill.at_once) if bill.is_known else None,
        "asked": _told(bill.asked) if bill.is_known else None,
        "batch_seconds": times.by_batch(bill, now),
        "at_once_seconds": times.at_once(bill),
        "repeated": bill.repeated,
        "cache_saving_usd": str(bill.saved_by_cache),
        "learned_from": bill.learned_from,
        "accuracy": accuracy(tenant).told,
        "warnings": [*warnings, *bill.notes],
        "rejected": [*rejected],
        "rejected_count": rejected_count,
        "created_at": now.isoformat(),
        "expires_at": (now + VALID_FOR).isoformat(),
    }
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
            answer=answer,
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
        return request_of(self.quote, self._files)

    def done(
        self,
        queued: Mapping[str, Any],
        *,
        job_id: UUID | None,
        collection_id: UUID | None,
        is_trial: bool = False,
    ) -> None:
        """Keep what became of it, and none of its documents: its jobs have them.

        After a trial somebody may want to change something, and needs them until it expires.
        """
        quote = self.quote
        quote.queued, quote.job_id, quote.collection_id = dict(queued), job_id, collection_id
        quote.confirmed_at = self._now
        if not is_trial:
            quote.fields = None
            quote.pieces.all().delete()
        quote.save(update_fields=["queued", "job_id", "collection_id", "confirmed_at", "fields"])


def request_of(quote: Quote, files: ExitStack) -> Request:
    """What was asked for, its files on disk until `files` are closed."""
    uploads = []
    first = quote.pieces.filter(number=1).order_by("file")
    for number, field, name, media_type in first.values_list("file", "field", "name", "media_type"):
        file = cast(BinaryIO, files.enter_context(tempfile.TemporaryFile()))  # noqa: SIM115
        pieces = quote.pieces.filter(file=number).order_by("number")
        for piece in pieces.values_list("data", flat=True).iterator(chunk_size=1):
            file.write(piece)
        file.seek(0)
        uploads.append(Upload(field, name, media_type, file))
    return Request(quote.target, quote.fields or {}, uploads, quote.is_form)


def form_of(tenant: Tenant, quote_id: UUID, now: datetime) -> Quote | None:
    """A quote made in a form whose documents are still there."""
    return _kept_forms(tenant, now).filter(pk=quote_id).first()


def form_of_trial(tenant: Tenant, collection_id: UUID, now: datetime) -> Quote | None:
    """The same of the one by which a collection was queued."""
    return _kept_forms(tenant, now).filter(collection_id=collection_id).first()


def drop(tenant: Tenant, quote_id: UUID) -> bool:
    """Delete a quote that nobody has confirmed; False where there is none."""
    found = Quote.objects.filter(tenant=tenant, pk=quote_id, confirmed_at=None)
    return bool(found.delete()[0])


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
            Q(collection=quote.collection_id) if quote.collection_id else Q(pk__in=_jobs_of(quote))
        )
        if not jobs.exclude(status__in=AIJob.FINAL).exists():
            compared += Quote.objects.filter(pk=quote.pk, charged_usd=None).update(
                charged_usd=_charged(quote)
            )
    return compared


def _charged(quote: Quote) -> object:
    rows: QuerySet[Any] = LedgerEntry.objects.filter(job_id__in=_jobs_of(quote))
    if quote.collection_id:
        rows = UsageRollup.objects.filter(collection_id=quote.collection_id)
    return rows.aggregate(total=Sum("cost_usd"))["total"] or 0


def _jobs_of(quote: Quote) -> list[Any]:
    """Several files of a form make several jobs."""
    return (quote.queued or {}).get("job_ids") or [quote.job_id]


def _kept_forms(tenant: Tenant, now: datetime) -> QuerySet[Quote]:
    return Quote.objects.filter(
        tenant=tenant, target__in=FORMS, fields__isnull=False, expires_at__gt=now
    )


def _told(cost: Cost) -> dict[str, str]:
    return {f"{name}_usd": str(usd) for name, usd in cost._asdict().items()}


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

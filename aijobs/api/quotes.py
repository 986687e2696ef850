"""What work would cost: told with `?quote=true`, and confirmed by its id within an hour."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile
from rest_framework.response import Response

from aijobs.api import shapes
from aijobs.api.bodies import Body
from aijobs.models import Quote, new_id
from aijobs.pipeline.accept import Rejections
from aijobs.quotes import stored
from aijobs.quotes.accuracy import accuracy
from aijobs.quotes.bill import Bill, Cost
from citizenapp.tenants.access import Access


def told(
    access: Access,
    body: Body,
    bill: Bill,
    *,
    now: datetime,
    warnings: Sequence[str] = (),
    rejections: Rejections | None = None,
    is_many: bool = False,
) -> Response:
    """200 with the quote, which is stored with what was asked for."""
    kept = rejections or Rejections()
    found = accuracy(access.tenant)
    quote = shapes.Quote(
        quote_id=new_id(now),
        job_type=bill.kind.name,
        jobs=bill.jobs,
        batch=_cost(bill.batch) if bill.is_known else None,
        at_once=_cost(bill.at_once) if bill.is_known else None,
        repeated=bill.repeated,
        cache_saving_usd=bill.saved_by_cache,
        learned_from=bill.learned_from,
        accuracy=shapes.QuoteAccuracy(
            quotes=found.quotes, within_range=found.within, typical_error=found.typical_error
        ),
        warnings=[*warnings, *bill.notes],
        rejected=[shapes.RejectedRow(row=bad.row, errors=bad.errors) for bad in kept.told],
        rejected_count=kept.count,
        created_at=now,
        expires_at=now + stored.VALID_FOR,
    )
    target = stored.COLLECTION if is_many else bill.kind.name
    files = [
        stored.Upload(field, file.name or "", file.content_type or "", cast(BinaryIO, file))
        for field, several in body.files.items()
        for file in several
    ]
    answer = quote.model_dump(mode="json")
    stored.keep(
        access.tenant,
        stored.Request(target, body.fields, files, body.is_form),
        bill,
        answer,
        id_=quote.quote_id,
        created_by=access.actor,
        now=now,
    )
    return Response(answer)


def described(quote: Quote) -> shapes.Quote:
    """A stored quote with what became of it."""
    return shapes.Quote.model_validate(
        quote.answer
        | {
            "confirmed_at": quote.confirmed_at,
            "job_id": quote.job_id,
            "collection_id": quote.collection_id,
            "charged_usd": quote.charged_usd,
        }
    )


def body_of(request: stored.Request) -> Body:
    """What was asked for, as if it had just been sent."""
    files: dict[str, list[UploadedFile[Any]]] = {}
    for upload in request.files:
        size = upload.file.seek(0, 2)
        upload.file.seek(0)
        files.setdefault(upload.field, []).append(
            UploadedFile(upload.file, upload.name, upload.media_type, size)
        )
    return Body(dict(request.fields), files, request.is_form)


def _cost(cost: Cost) -> shapes.QuotedCost:
    return shapes.QuotedCost(low_usd=cost.low, likely_usd=cost.likely, high_usd=cost.high)

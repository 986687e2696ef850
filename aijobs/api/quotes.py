"""What work would cost: told with `?quote=true`, and confirmed by its id within an hour."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, BinaryIO, cast

from django.core.files.uploadedfile import UploadedFile

from aijobs.api.bodies import Body
from aijobs.api.idempotency import Answer
from aijobs.api.quote_shapes import Quote as Quoted
from aijobs.models import Quote, new_id
from aijobs.pipeline.accept import Rejections
from aijobs.quotes import stored
from aijobs.quotes.bill import Bill
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
) -> Answer:
    """200 with the quote, which is stored with what was asked for."""
    kept = rejections or Rejections()
    files = [
        stored.Upload(field, file.name or "", file.content_type or "", cast(BinaryIO, file))
        for field, several in body.files.items()
        for file in several
    ]
    target = stored.COLLECTION if is_many else bill.kind.name
    quote = stored.keep(
        access.tenant,
        stored.Request(target, body.fields, files, body.is_form),
        bill,
        id_=new_id(now),
        created_by=access.actor,
        now=now,
        warnings=warnings,
        rejected=[{"row": bad.row, "errors": bad.errors} for bad in kept.told],
        rejected_count=kept.count,
    )
    # Errors of rejected rows may quote them: they go when what became of the quote is erased.
    return Answer(described(quote).model_dump(mode="json"), 200, quote.pk)


def described(quote: Quote) -> Quoted:
    """A stored quote with what became of it."""
    return Quoted.model_validate(
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
        files.setdefault(upload.field, []).append(upload.opened())
    return Body(dict(request.fields), files, request.is_form)

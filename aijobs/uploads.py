"""Files that wait at a form: stored and read as soon as they come, used when the form is sent.

A form names them by their ids. Whoever loses the connection, the page or the session in between has
not lost what the server has already (docs/decisions/0056-files-wait-at-the-form.md).
"""

import io
import pickle
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum

from aijobs.documents import (
    AUTO,
    Document,
    DocumentLimits,
    HowToRead,
    UnreadableDocument,
    read_documents,
)
from aijobs.documents.confined import Confined
from aijobs.models import Upload, UploadDocument, UploadPiece, new_id
from citizenapp.tenants.models import Tenant

VALID_FOR = timedelta(hours=12)
# What one person may have waiting in a workspace: some forms full of files.
MOST_FILES, MOST_BYTES = 2_000, 5_000_000_000
_SOME = 200


class TooMuchWaits(Exception):
    """A person has so much waiting already. Nothing was stored."""


def keep(
    tenant: Tenant,
    person_id: int,
    field: str,
    file: BinaryIO,
    name: str,
    media_type: str,
    *,
    now: datetime,
    how: HowToRead = AUTO,
    confined: Confined | None = None,
) -> Upload:
    """Store a file. A document is read at once: `refused` says why, where that fails.

    A table is only stored: how it is read depends on the rest of its form. Of a file that can
    never be read nothing but its name is kept. Raises TooMuchWaits.
    """
    size = file.seek(0, io.SEEK_END)
    _refuse_when_full(tenant, person_id, size)
    upload = Upload(
        id=new_id(now),
        tenant=tenant,
        person_id=person_id,
        field=field,
        name=_storable(name),
        media_type=media_type[:255],
        size=size,
        read_as=how.read_as,
        accept_partial=how.accept_partial,
        is_partial=False,
        created_at=now,
        expires_at=now + VALID_FOR,
    )
    documents: Sequence[Document] = ()
    if not upload.is_table:
        file.seek(0)
        documents = _read(upload, file, how, confined)
    with transaction.atomic():
        upload.save(force_insert=True)
        if not upload.refused or upload.is_partial:
            _store_file(upload, file)
        _store_documents(upload, documents)
    return upload


def read_again(upload: Upload, how: HowToRead, confined: Confined | None = None) -> None:
    """Read a document in another way, where it was not read so before."""
    if upload.is_table or (upload.read_as, upload.accept_partial) == how:
        return
    with ExitStack() as stack:
        if not upload.pieces.exists():
            return  # It could not be read in any way.
        file = cast(BinaryIO, opened(upload, stack).file)
        documents = _read(upload, file, how, confined)
    with transaction.atomic():
        upload.documents.all().delete()
        _store_documents(upload, documents)
        upload.save(update_fields=["read_as", "accept_partial", "refused", "is_partial", "pages"])


def found(
    tenant: Tenant, ids: Iterable[UUID], now: datetime, *, person_id: int, quote: UUID | None = None
) -> list[Upload]:
    """Those of them that the person may use, in this order; what is gone is not among them."""
    theirs = Q(person=person_id) | (Q(quote_id=quote) if quote else Q(pk__in=[]))
    return _in_order(Upload.objects.filter(theirs, tenant=tenant, expires_at__gt=now), ids)


def of_quote(tenant: Tenant, quote_id: UUID, order: str = "") -> list[Upload]:
    """Those of a quote: in an `order` (ids with commas between them), else as they came."""
    places = {one: place for place, one in enumerate(order.split(","))}
    found = Upload.objects.filter(tenant=tenant, quote_id=quote_id).order_by("pk")
    return sorted(found, key=lambda one: places.get(str(one.pk), len(places)))


def documents_of(upload: Upload) -> tuple[Document, ...]:
    """What was read of a file."""
    read = []
    for one in upload.documents.order_by("number"):
        data = _whole(upload) if one.number == 1 else bytes(one.data or b"")
        told = one.told
        sha256, warnings = bytes.fromhex(told["sha256"]), tuple(told["warnings"])
        rest = {"sha256": sha256, "warnings": warnings, "pixels": tuple(told["pixels"])}
        read.append(Document(**told | rest, data=data))
    return tuple(read)


def spooled(uploads: Sequence[Upload], stack: ExitStack) -> Iterator[tuple[Document, ...]]:
    """What was read of each, one after the other, on disk until the stack is closed.

    For what asks for it while the connection is busy, as in the middle of a COPY.
    """
    file = cast(BinaryIO, stack.enter_context(tempfile.TemporaryFile()))  # noqa: SIM115
    for upload in uploads:
        # Read back below, by this process and nobody else.
        pickle.dump(documents_of(upload), file)
    file.seek(0)
    return (pickle.load(file) for _ in uploads)  # noqa: S301


def opened(upload: Upload, stack: ExitStack) -> "UploadedFile[Any]":
    """The file as if it had just been sent, on disk until the stack is closed."""
    file = cast(BinaryIO, stack.enter_context(tempfile.TemporaryFile()))  # noqa: SIM115
    pieces = upload.pieces.order_by("number").values_list("data", flat=True)
    for piece in pieces.iterator(chunk_size=1):
        file.write(piece)
    file.seek(0)
    return UploadedFile(file, upload.name, upload.media_type, upload.size)


def give_to_quote(uploads: Sequence[Upload], quote_id: UUID, expires_at: datetime) -> None:
    """A quote stands for these files now: they stay as long as it holds, and no longer."""
    Upload.objects.filter(pk__in=[one.pk for one in uploads]).update(
        quote_id=quote_id, expires_at=expires_at
    )


def hold(uploads: Sequence[Upload]) -> int:
    """Keep them from being deleted until the transaction ends; returns how many are still there."""
    keys = Upload.objects.filter(pk__in=[one.pk for one in uploads]).order_by("pk")
    return len(keys.select_for_update().values_list("pk", flat=True))


def drop(uploads: Sequence[Upload]) -> None:
    """Delete files: they are queued, or nobody wants them."""
    Upload.objects.filter(pk__in=[one.pk for one in uploads]).delete()


def drop_of_quote(tenant: Tenant, quote_id: UUID) -> None:
    """Delete those of a quote that nobody confirms."""
    drop(of_quote(tenant, quote_id))


def prune(now: datetime) -> int:
    """Delete what nobody has queued in time; returns how many files."""
    ids = list(Upload.objects.filter(expires_at__lte=now).values_list("pk", flat=True)[:_SOME])
    Upload.objects.filter(pk__in=ids).delete()
    return len(ids)


def _refuse_when_full(tenant: Tenant, person_id: int, size: int) -> None:
    waiting = Upload.objects.filter(tenant=tenant, person=person_id).aggregate(
        files=Count("pk"), bytes=Sum("size", default=0)
    )
    if waiting["files"] >= MOST_FILES or waiting["bytes"] + size > MOST_BYTES:
        raise TooMuchWaits(
            "Too many of your files wait in forms that were not sent. Send or empty those forms "
            f"first, or wait: files are deleted after {VALID_FOR // timedelta(hours=1)} hours."
        )


def _read(
    upload: Upload, file: BinaryIO, how: HowToRead, confined: Confined | None
) -> tuple[Document, ...]:
    """What can be read of it; none, and the upload says why."""
    upload.read_as, upload.accept_partial = how
    upload.refused, upload.is_partial, upload.pages = "", False, None
    limits = DocumentLimits(size=settings.AIJOBS_UPLOAD_BYTES)
    if not upload.size:
        upload.refused = "The submitted file is empty."
        return ()
    try:
        documents = read_documents(
            file, upload.name, upload.media_type, how=how, limits=limits, confined=confined
        )
    except UnreadableDocument as error:
        upload.refused, upload.is_partial = str(error), error.is_partial
        return ()
    if any(one.pages for one in documents):
        upload.pages = sum(one.pages or 0 for one in documents)
    return documents


def _store_file(upload: Upload, file: BinaryIO) -> None:
    file.seek(0)
    number = 0
    while data := file.read(UploadPiece.BYTES):
        number += 1
        UploadPiece(upload=upload, number=number, data=data).save(force_insert=True)


def _store_documents(upload: Upload, documents: Iterable[Document]) -> None:
    for number, document in enumerate(documents, 1):
        told = asdict(document) | {"sha256": document.sha256.hex()}
        del told["data"]
        data = document.data if number > 1 else None
        UploadDocument(upload=upload, number=number, told=told, data=data).save(force_insert=True)


def _whole(upload: Upload) -> bytes:
    pieces = upload.pieces.order_by("number").values_list("data", flat=True)
    return b"".join(map(bytes, pieces))


def _in_order(uploads: QuerySet[Upload], ids: Iterable[UUID]) -> list[Upload]:
    there = uploads.in_bulk(list(ids))
    return [there[one] for one in dict.fromkeys(ids) if one in there]


def _storable(name: str) -> str:
    """Without folders, NUL or excess; its end tells more than its beginning."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last.encode("utf-8", "replace").decode() if c.isprintable())[-255:]

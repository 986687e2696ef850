"""What somebody filled in: just sent, or kept by a quote; with the files that wait for it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.datastructures import MultiValueDict

from aijobs import uploads
from aijobs.documents import READ_AS, HowToRead
from aijobs.documents.confined import Confined
from aijobs.models import Quote, Trial, Upload, new_id
from aijobs.quotes import stored
from aijobs.quotes.bill import Bill
from aijobs.templatetags.workspace import FIELD as WORKSPACE
from aijobs.uploads import TooMuchWaits
from aijobs.web.forms import MOST_FILES, NewCollection, NewJob
from aijobs.web.guards import MemberRequest
from aijobs.web.once import FIELD as ONCE

# Buttons, tokens, and what stands elsewhere: files wait under the id of their quote.
_NOT_KEPT = {
    "csrfmiddlewaretoken",
    "quote",
    "price",
    "preview",
    "trial",
    "remove",
    "upload",
    ONCE,
    WORKSPACE,
}
# In a quote's fields: the ids of its files, as they were chosen.
_ORDER = "order_of_files"


@dataclass(frozen=True)
class Sent:
    """What was filled in, and the files that wait for it.

    `kept` is the quote that is being changed. `gone` counts files that are named and not there.
    """

    data: Mapping[str, Any]
    files: Sequence[Upload]
    stack: ExitStack
    kept: Quote | None = None
    gone: int = 0
    refused: Sequence[str] = field(default_factory=list)
    """Files that could not even be stored, and why."""

    @property
    def trial(self) -> int:
        """How many documents are to be tried first: the button that was pressed says so."""
        return trial_of(self.data)

    @cached_property
    def table(self) -> "UploadedFile[Any] | None":
        """The table, opened."""
        found = next((one for one in self.files if one.is_table), None)
        return uploads.opened(found, self.stack) if found else None

    def job(self) -> NewJob:
        """The form for a text, or for files."""
        form = NewJob(self.data, uploads=self.files, gone=self.gone, unstored=self.refused)
        form.kept = self.kept
        return form

    def collection(self) -> NewCollection:
        """The form for a table."""
        files: MultiValueDict[str, Any] = MultiValueDict()
        if self.table:
            files.appendlist("table", self.table)
        form = NewCollection(self.data, files, uploads=self.files, gone=self.gone)
        form.kept = self.kept
        return form


def trial_of(data: Mapping[str, Any]) -> int:
    """How many documents the button names that are to be tried first; 0 for another button."""
    asked = str(data.get("trial", ""))
    return min(int(asked[:3]), Trial.MOST) if asked.isdecimal() else 0


@contextmanager
def sent(request: MemberRequest, now: datetime) -> Iterator[Sent]:
    """What was posted. Files that came along, as without scripts, wait from now on as others do."""
    kept = _quote_named(request, now)
    ids = _ids(request.POST.getlist("upload"))
    files = uploads.found(
        request.access.tenant,
        ids,
        now,
        person_id=request.user.pk,
        quote=kept.pk if kept else None,
    )
    gone = len(ids) - len(files)
    removed = request.POST.get("remove", "")
    uploads.drop([one for one in files if str(one.pk) == removed])
    files = [one for one in files if str(one.pk) != removed]
    refused: list[str] = []
    fresh = _stored(request, now, refused)
    if any(one.is_table for one in fresh):
        uploads.drop([one for one in files if one.is_table])
        files = [one for one in files if not one.is_table]
    with ExitStack() as stack:
        yield Sent(request.POST, [*files, *fresh], stack, kept, gone, refused)


@contextmanager
def sent_before(quote: Quote, trial: str = "") -> Iterator[Sent]:
    """What a quote was asked for; `trial` is that of the button pressed on its page."""
    fields = dict(quote.fields or {}) | ({"trial": trial} if trial else {})
    with ExitStack() as stack:
        yield Sent(fields, files_of(quote), stack, quote)


def files_of(quote: Quote) -> list[Upload]:
    """Those of a form, in the order in which they were chosen."""
    order = str((quote.fields or {}).get(_ORDER, ""))
    return uploads.of_quote(quote.tenant, quote.pk, order)


def keep(
    request: MemberRequest,
    given: Sent,
    target: str,
    bill: Bill,
    now: datetime,
    *,
    warnings: Sequence[str] = (),
) -> Quote:
    """Store what was sent, with its price. A quote that was changed is replaced by it."""
    tenant = request.access.tenant
    fields = {name: given.data[name] for name in given.data if name not in _NOT_KEPT}
    if given.trial:
        fields["trial"] = str(given.trial)
    # Small ones came before large ones that were chosen earlier.
    fields[_ORDER] = ",".join(str(one.pk) for one in given.files)
    with transaction.atomic():
        quote = stored.keep(
            tenant,
            stored.Request(target, fields, [], is_form=True),
            bill,
            id_=new_id(now),
            created_by=request.access.actor,
            now=now,
            warnings=warnings,
        )
        uploads.give_to_quote(given.files, quote.pk, quote.expires_at)
        if given.kept and not given.kept.confirmed_at:
            stored.drop(tenant, given.kept.pk)
    return quote


def how_to_read(posted: Mapping[str, Any]) -> HowToRead:
    """How a form wants its files to be read."""
    read_as: Any = posted.get("read_as")
    is_known = read_as in READ_AS
    return HowToRead(read_as if is_known else READ_AS[0], bool(posted.get("accept_partial")))


def _stored(request: MemberRequest, now: datetime, refused: list[str]) -> list[Upload]:
    files = [(name, file) for name in Upload.Field.values for file in request.FILES.getlist(name)]
    found = []
    with Confined() as confined:
        for name, file in files[: MOST_FILES + 1]:
            try:
                found.append(keep_file(request, name, file, now, confined))
            except TooMuchWaits as refusal:
                refused.append(f"{file.name}: {refusal}")
    return found


def keep_file(
    request: MemberRequest, name: str, file: Any, now: datetime, confined: Confined | None = None
) -> Upload:
    """Store a file that came for this field of a form. Raises TooMuchWaits."""
    return uploads.keep(
        request.access.tenant,
        request.user.pk,
        name,
        file.file,
        file.name or "",
        file.content_type or "",
        now=now,
        how=how_to_read(request.POST),
        confined=confined,
    )


def _quote_named(request: MemberRequest, now: datetime) -> Quote | None:
    ids = _ids([request.POST.get("quote", "")])
    return stored.form_of(request.access.tenant, ids[0], now) if ids else None


def _ids(told: Sequence[object]) -> list[UUID]:
    found = []
    for one in told[: 2 * MOST_FILES]:
        try:
            found.append(UUID(str(one)))
        except ValueError:
            continue
    return found

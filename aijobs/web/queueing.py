"""What a filled in form would cost, and how it is queued: just sent, or kept by a quote."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction

from aijobs import uploads
from aijobs.budgets.room import OverLimit
from aijobs.documents import UnmappedTable, UnreadableTable, read_items
from aijobs.jobtypes import InvalidInput
from aijobs.models import AIJob, Trial
from aijobs.pipeline import accept, withdraw
from aijobs.pipeline.accept import Accepted, RejectedCollection
from aijobs.quotes.bill import Bill
from aijobs.quotes.terms import Terms
from aijobs.web.forms import NewCollection, NewJob
from aijobs.web.guards import MemberRequest
from aijobs.web.previews import Choice, Preview, Reasons, Work, look_at
from aijobs.web.sent import Sent
from citizenapp.tenants import reader

TOLD_IN_MESSAGE = 5


@dataclass(frozen=True, slots=True)
class Queued:
    """What came of a form: the page that shows it, and its job or collection."""

    page: tuple[str, UUID]
    job_id: UUID | None = None
    collection_id: UUID | None = None


def bill_of_jobs(request: MemberRequest, form: NewJob, given: Sent, now: datetime) -> Bill | None:
    """What a valid form would cost; None, and the form says why, where something is bad."""
    terms = Terms(request.access.tenant, form.chosen.kind, now)
    fresh = form.cleaned_data["fresh"]
    if form.is_several:
        return _bill_of_files(terms, form, given, fresh=fresh)
    try:
        checked = accept.check(terms, form.raw(), form.needed_within, form.documents, lenient=True)
    except InvalidInput as refusal:
        form.refuse(refusal)
        return None
    return accept.bill_of(terms, [checked.asked], fresh=fresh)


def _bill_of_files(terms: Terms, form: NewJob, given: Sent, *, fresh: bool) -> Bill | None:
    rejected: list[tuple[int, dict[str, list[str]]]] = []

    def asked() -> Iterator[accept.Asked]:
        for one in accept.examine(
            terms,
            form.rows(given.stack),
            defaults=form.chosen.raw(),
            needed_within=form.needed_within,
            fields=["reference"],
            refused=lambda row, errors: rejected.append((row, errors)),
        ):
            yield one.asked

    try:
        bill = accept.bill_of(terms, asked(), fresh=fresh, trial=given.trial, is_collection=True)
    except InvalidInput as refusal:
        form.refuse(refusal)
        return None
    form.refuse_rows(rejected)
    return None if rejected else bill


@transaction.atomic
def queue_jobs(request: MemberRequest, form: NewJob, given: Sent, now: datetime) -> Queued | None:
    """A job of a text or a file, a collection of several files; None, and the form says why."""
    if not _are_there(form, "document", given):
        return None
    queued = _queue_files(request, form, given, now) if form.is_several else None
    if not form.is_several:
        queued = _queue_one(request, form, now)
    if queued and not given.trial:
        uploads.drop(given.files)
    return queued


def _queue_one(request: MemberRequest, form: NewJob, now: datetime) -> Queued | None:
    try:
        queued = accept.accept_jobs(
            request.access.tenant,
            form.chosen.kind.name,
            [(form.raw(), form.documents)],
            now=now,
            created_by=request.access.actor,
            refused=lambda _, refusal: form.refuse(refusal),
            needed_within=form.needed_within,
            lenient=True,
            fresh=form.cleaned_data["fresh"],
        )
    except OverLimit as refusal:
        form.add_error(None, str(refusal))
        return None
    if not queued:
        return None
    told = "Queued. The result will appear on this page."
    if queued[0].status == AIJob.Status.COMPLETED:
        told = "The same was asked before: here is that result. Nothing was charged."
    messages.success(request, told)
    return Queued(("job", queued[0].pk), job_id=queued[0].pk)


def _queue_files(request: MemberRequest, form: NewJob, given: Sent, now: datetime) -> Queued | None:
    try:
        accepted = accept.accept_collection(
            request.access.tenant,
            form.collection_name,
            form.chosen.kind.name,
            form.rows(given.stack),
            now=now,
            created_by=request.access.actor,
            defaults=form.chosen.raw(),
            trial=given.trial,
            needed_within=form.needed_within,
            lenient=True,
            fields=["reference"],
            fresh=form.cleaned_data["fresh"],
        )
    except InvalidInput as refusal:
        form.refuse(refusal)
    except RejectedCollection as refusal:
        form.refuse_rows([(one.row, one.errors) for one in refusal.rejected])
    except OverLimit as refusal:
        form.add_error(None, str(refusal))
    else:
        return _queued(request, accepted, given, Choice(None, None), now)
    return None


def look(request: MemberRequest, given: Sent, now: datetime) -> Preview | None:
    """The table as it would be queued. None where none was sent, or no job type chosen."""
    form = given.collection()
    form.is_valid()
    table, job_type = given.table, form.cleaned_data.get("job_type")
    if not table or not job_type:
        return None
    options = form.chosen
    options.is_valid()
    file: Any = table
    return look_at(
        file.file,
        str(file.name),
        Work(
            request.access.tenant,
            options.kind,
            options.raw(),
            form.needed_within,
            form.cleaned_data["fresh"],
            given.trial,
        ),
        Choice.of(given.data),
        how=form.how_to_read,
        skips=form.cleaned_data.get("on_error") == "skip",
        now=now,
    )


def _are_there(form: NewJob | NewCollection, field: str, given: Sent) -> bool:
    """Whether all files still wait, and go on to until they are queued; else the form says so.

    Somebody may send another form with the same ones at this moment, or they may be too old.
    """
    gone = len(given.files) - uploads.hold(given.files)
    form.add_gone(field, gone)
    return not gone


@transaction.atomic
def queue_collection(
    request: MemberRequest, form: NewCollection, given: Sent, now: datetime
) -> Queued | None:
    """Queue the table of a valid form; None, and the form says why, where it is refused."""
    if not _are_there(form, "table", given):
        return None
    table, choice = form.cleaned_data["table"], Choice.of(given.data)
    try:
        items = read_items(
            table.file,
            table.name,
            form.chosen.kind,
            sheet=choice.sheet,
            columns=choice.columns,
            how=form.how_to_read,
        )
        accepted = accept.accept_collection(
            request.access.tenant,
            form.cleaned_data["name"],
            form.chosen.kind.name,
            items.rows,
            now=now,
            created_by=request.access.actor,
            defaults=form.chosen.raw(),
            on_error=form.cleaned_data["on_error"],
            trial=given.trial,
            needed_within=form.needed_within,
            lenient=True,
            fields=items.fields,
            fresh=form.cleaned_data["fresh"],
        )
    except (UnmappedTable, UnreadableTable) as error:
        form.add_error("table", str(error))
    except InvalidInput as refusal:
        form.refuse(refusal)
    except (RejectedCollection, OverLimit) as refusal:
        form.add_error(None, str(refusal))
    else:
        queued = _queued(request, accepted, given, choice, now)
        for warning in items.warnings:
            messages.warning(request, f"{warning[:1].upper()}{warning[1:]}.")
        if not given.trial:
            uploads.drop(given.files)
        return queued
    return None


def _queued(
    request: MemberRequest, accepted: Accepted, given: Sent, choice: Choice, now: datetime
) -> Queued:
    _tell(request, accepted, given.trial, choice)
    drop_changed(request, str(given.data.get("changes", "")), now)
    key = accepted.collection.pk
    return Queued(("collection", key), collection_id=key)


def drop_changed(request: MemberRequest, collection_id: str, now: datetime) -> None:
    """What still waits of a trial whose rows were queued anew, after a change, is not sent."""
    try:
        key = UUID(collection_id)
    except ValueError:
        return
    trials = Trial.objects.filter(state=Trial.State.OPEN, collection__tenant=request.access.tenant)
    trial = trials.filter(pk=key).select_related("collection").first()
    if trial and (dropped := withdraw.cancel_collection(trial.collection, now=now)):
        messages.success(
            request, f"{counted(dropped, 'document')} of the trial before the change were dropped."
        )


def counted(count: int, noun: str) -> str:
    """Such as "1 row" or "2,000 rows"."""
    return f"{reader.count(count)} {noun}{'' if count == 1 else 's'}"


def _tell(request: MemberRequest, accepted: Accepted, trial: int, choice: Choice) -> None:
    if tried := min(trial, accepted.accepted):
        messages.success(
            request, f"{counted(tried, 'document')} run now. The others wait for your word."
        )
    else:
        messages.success(request, f"Queued {counted(accepted.accepted, 'document')}.")
    if accepted.repeated:
        messages.success(
            request, f"{reader.count(accepted.repeated)} ask what was asked before: no charge."
        )
    if accepted.rejected_count:
        reasons = Reasons(choice.columns or {})
        for one in accepted.rejected:
            reasons.add(one.row, one.errors)
        skipped = counted(accepted.rejected_count, "row")
        told = "; ".join(map(str, reasons.groups[:TOLD_IN_MESSAGE]))
        more = " …" if len(reasons.groups) > TOLD_IN_MESSAGE else ""
        messages.warning(request, f"Left out {skipped}. {told}{more}")

"""What a filled in form would cost, and how it is queued: just sent, or kept by a quote."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.utils.datastructures import MultiValueDict

from aijobs.budgets.room import OverLimit
from aijobs.documents import UnmappedTable, UnreadableTable, read_items
from aijobs.jobtypes import InvalidInput
from aijobs.models import AIJob, Quote, Trial, new_id
from aijobs.pipeline import accept, withdraw
from aijobs.pipeline.accept import Accepted, RejectedCollection
from aijobs.quotes import stored
from aijobs.quotes.bill import Bill
from aijobs.quotes.terms import Terms
from aijobs.web.forms import NewCollection, NewJob
from aijobs.web.guards import MemberRequest
from aijobs.web.previews import Choice, Preview, Reasons, Work, look_at

TOLD_IN_MESSAGE = 5
# Buttons, and what is there for this one request.
_NOT_KEPT = {"csrfmiddlewaretoken", "quote", "price", "preview"}


@dataclass(frozen=True, slots=True)
class Sent:
    """What was filled in, and the files. `kept`: the quote that they come from, if they do."""

    data: Mapping[str, Any]
    files: "MultiValueDict[str, Any]"
    kept: Quote | None = None

    @property
    def trial(self) -> int:
        """How many rows are to be tried first: the button by which the form was sent says so."""
        return trial_of(self.data)

    def job(self) -> NewJob:
        """The form for single jobs."""
        form = NewJob(self.data, self.files)
        form.kept = self.kept
        return form

    def collection(self) -> NewCollection:
        """The form for many."""
        form = NewCollection(self.data, self.files)
        form.kept = self.kept
        return form


def trial_of(data: Mapping[str, Any]) -> int:
    """How many rows the button names that are to be tried first; 0 for another button."""
    asked = str(data.get("trial", ""))
    return min(int(asked[:3]), Trial.MOST) if asked.isdecimal() else 0


@contextmanager
def sent(request: MemberRequest, now: datetime) -> Iterator[Sent]:
    """What was posted; with the files of the quote that it names, unless it brings its own."""
    kept = None
    if not request.FILES and not request.POST.get("text", "").strip():
        kept = _quote_named(request, now)
    with ExitStack() as stack:
        files = _files(stored.request_of(kept, stack)) if kept else request.FILES
        yield Sent(request.POST, files, kept)


@contextmanager
def sent_before(quote: Quote) -> Iterator[Sent]:
    """What a quote was asked for."""
    with ExitStack() as stack:
        request = stored.request_of(quote, stack)
        yield Sent(request.fields, _files(request), quote)


def keep(request: MemberRequest, given: Sent, target: str, bill: Bill, now: datetime) -> Quote:
    """Store what was sent, with its price."""
    fields = {name: given.data[name] for name in given.data if name not in _NOT_KEPT}
    uploads = [
        stored.Upload(field, file.name or "", file.content_type or "", file.file)
        for field, files in given.files.lists()
        for file in files
    ]
    return stored.keep(
        request.access.tenant,
        stored.Request(target, fields, uploads, is_form=True),
        bill,
        id_=new_id(now),
        created_by=request.access.actor,
        now=now,
    )


def bill_of_jobs(request: MemberRequest, form: NewJob, now: datetime) -> Bill | None:
    """What the jobs of a valid form would cost; None, and the form says why, where one is bad."""
    terms = Terms(request.access.tenant, form.chosen.kind, now)
    asked = []
    for documents in form.documents:
        try:
            raw = form.raw(documents)
            checked = accept.check(terms, raw, form.needed_within, documents, lenient=True)
            asked.append(checked.asked)
        except InvalidInput as refusal:
            form.refuse_one(refusal, documents[0].name if documents else "")
    if len(asked) < len(form.documents):
        return None
    return accept.bill_of(terms, asked, fresh=form.cleaned_data["fresh"])


def queue_jobs(request: MemberRequest, form: NewJob, now: datetime) -> list[AIJob]:
    """A job for each document; none, and the form says why, where one of them is bad."""
    several = form.documents

    def refused(position: int, refusal: InvalidInput) -> None:
        documents = several[position]
        form.refuse_one(refusal, documents[0].name if documents else "")

    try:
        return accept.accept_jobs(
            request.access.tenant,
            form.chosen.kind.name,
            ((form.raw(documents), documents) for documents in several),
            now=now,
            created_by=request.access.actor,
            refused=refused,
            needed_within=form.needed_within,
            lenient=True,
            fresh=form.cleaned_data["fresh"],
        )
    except OverLimit as refusal:
        form.add_error(None, str(refusal))
        return []


def onward_from_jobs(request: MemberRequest, queued: list[AIJob]) -> tuple[str, *tuple[UUID, ...]]:
    """Says what was queued; returns the page to go to, and its job."""
    if len(queued) > 1:
        messages.success(request, f"Queued {len(queued)} documents, each as a job.")
        return ("dashboard",)
    told = "Queued. The result will appear on this page."
    if queued[0].status == AIJob.Status.COMPLETED:
        told = "The same was asked before: here is that result. Nothing was charged."
    messages.success(request, told)
    return "job", queued[0].pk


def look(request: MemberRequest, given: Sent, now: datetime) -> Preview | None:
    """The table as it would be queued. None where none was sent, or no job type chosen."""
    form = given.collection()
    form.is_valid()
    table, job_type = given.files.get("table"), form.cleaned_data.get("job_type")
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


def queue_collection(
    request: MemberRequest, form: NewCollection, given: Sent, now: datetime
) -> Accepted | None:
    """Queue the table of a valid form; None, and the form says why, where it is refused."""
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
        _tell(request, accepted, given.trial, choice)
        drop_changed(request, str(given.data.get("changes", "")), now)
        for warning in items.warnings:
            messages.warning(request, f"{warning[:1].upper()}{warning[1:]}.")
        return accepted
    return None


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
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _tell(request: MemberRequest, accepted: Accepted, trial: int, choice: Choice) -> None:
    if tried := min(trial, accepted.accepted):
        messages.success(
            request, f"{counted(tried, 'document')} run now. The others wait for your word."
        )
    else:
        messages.success(request, f"Queued {counted(accepted.accepted, 'document')}.")
    if accepted.repeated:
        messages.success(request, f"{accepted.repeated:,} ask what was asked before: no charge.")
    if accepted.rejected_count:
        reasons = Reasons(choice.columns or {})
        for one in accepted.rejected:
            reasons.add(one.row, one.errors)
        skipped = counted(accepted.rejected_count, "row")
        told = "; ".join(map(str, reasons.groups[:TOLD_IN_MESSAGE]))
        more = " …" if len(reasons.groups) > TOLD_IN_MESSAGE else ""
        messages.warning(request, f"Left out {skipped}. {told}{more}")


def _quote_named(request: MemberRequest, now: datetime) -> Quote | None:
    try:
        quote_id = UUID(request.POST.get("quote", ""))
    except ValueError:
        return None
    return stored.form_of(request.access.tenant, quote_id, now)


def _files(request: stored.Request) -> "MultiValueDict[str, Any]":
    files: MultiValueDict[str, Any] = MultiValueDict()
    for upload in request.files:
        files.appendlist(upload.field, upload.opened())
    return files

"""What may explain a difference between the ledger and the bill: sentences for staff, with names.

Each names what is known to be missing here, to be there twice, or not to be known yet. None of them
proves that it is the whole of a difference.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from django.db.models import Count, F, Q

from aijobs.bill.ours import DAY, batches_of, start_of
from aijobs.models import AIJob, Batch, JobAttempt, LedgerEntry, StrangerBatch, Submission

MOST_NAMED = 20


def named(first: date, last: date) -> list[str]:
    """Of these days in UTC, both among them; the first of them where there are many."""
    since, until = start_of(first), start_of(last + DAY)
    return _some([*_batches(since, until), *_doubles(since, until), *_others(since, until)])


def unsettled(until: datetime) -> list[str]:
    """Batches that were sent by then and are not accounted for: their charges are still to come."""
    waiting = Submission.objects.current().filter(sent_at__lt=until)
    waiting = waiting.exclude(batch__status__in=Batch.FINAL).select_related("batch")
    return _some(
        [
            f"{_name(one)} is {one.batch.get_status_display().lower()}: up to"
            f" {one.requests:,} answers are charged once it is settled."
            for one in waiting.order_by("batch")
        ]
    )


def _batches(since: datetime, until: datetime) -> Iterator[str]:
    """Batches with more or fewer charges than Anthropic says that requests succeeded."""
    settled = (
        Submission.objects.current()
        .filter(batch__status=Batch.Status.SETTLED)
        .filter(sent_at__lt=until, batch__ended_at__gte=since)
        .select_related("batch")
    )
    batches = {one.batch_id: one for one in settled}
    charges = dict(
        LedgerEntry.objects.filter(batch__in=batches, corrects=None)
        .order_by()
        .values_list("batch")
        .annotate(Count("pk"))
    )
    for pk, one in sorted(batches.items()):
        succeeded, charged = one.batch.succeeded, charges.get(pk, 0)
        if charged < succeeded:
            yield (
                f"{_name(one)}: {succeeded - charged:,} of {succeeded:,} answers are not charged"
                " here."
            )
        elif charged > succeeded:
            yield (
                f"{_name(one)}: {charged:,} charges here for {succeeded:,} answers at Anthropic."
            )


def _doubles(since: datetime, until: datetime) -> Iterator[str]:
    """Submissions beside the one by which their batch stands."""
    states = Submission.State
    doubles = Submission.objects.filter(
        Q(state=states.RELEASED) | Q(state=states.DUPLICATE),
        Q(ended_at=None) | Q(ended_at__gte=since),
        sent_at__lt=until,
        # What is not at Anthropic after a day is not worked on any more.
        sent_at__gte=since - 2 * DAY,
    ).order_by("pk")
    for one in doubles:
        if one.state == states.RELEASED:
            yield (
                f"Submission {one.nonce} of batch {one.batch_id} was given up as lost: should"
                f" Anthropic have it, up to {one.requests:,} answers were billed twice."
            )
        elif one.ended_at is None:
            yield f"{one.remote_id} doubles batch {one.batch_id}, and has not ended yet."
        else:
            yield (
                f"{one.remote_id} doubles batch {one.batch_id}: {one.succeeded:,} answers for"
                f" ${one.cost_usd:.4f} stand on its own row, and not in the ledger."
            )
    for stranger in StrangerBatch.objects.filter(created_at__gte=since - DAY, created_at__lt=until):
        yield (
            f"{stranger.remote_id} with {stranger.requests:,} requests is at Anthropic by the same"
            " key, and none of ours."
        )


def _others(since: datetime, until: datetime) -> Iterator[str]:
    attempts = JobAttempt.objects.filter(ended_at__gte=since, ended_at__lt=until)
    if calls := attempts.filter(error_type="in_doubt").count():
        yield f"Direct calls that ended in doubt, and may have been billed: {calls:,}."
    if gone := attempts.filter(error_type="results_expired").count():
        yield f"Requests whose results were deleted before they were fetched: {gone:,}."
    batches = [batch for batch, _, _ in batches_of(since.date(), until.date() - DAY)]
    charges = LedgerEntry.objects.filter(
        Q(batch__in=batches) | Q(batch=None, created_at__gte=since, created_at__lt=until),
        corrects=None,
    )
    if estimates := charges.filter(is_estimated=True).count():
        yield f"Charges that are estimates, for their answers came without usage: {estimates:,}."
    if unpriced := charges.filter(priced_as="", correction=None).count():
        yield f"Charges that have no price yet: {unpriced:,}."
    late = charges.filter(route=AIJob.Route.SYNC, priced_on__lt=F("created_at__date")).count()
    if late:
        yield f"Direct calls that ran over midnight: {late:,}."


def _some(found: list[str]) -> list[str]:
    more = len(found) - MOST_NAMED
    return [*found[:MOST_NAMED], f"And {more:,} more."] if more > 0 else found


def _name(submission: Submission) -> str:
    at = f" ({submission.remote_id})" if submission.remote_id else ""
    return f"Batch {submission.batch_id}{at}"


def midnight(first: date, last: date) -> str:
    """The sentence that says why several days are compared."""
    return (
        "Anthropic counts usage when it is worked on, the ledger when the batch has ended. Batches"
        f" ran over midnight, so {first} to {last} are compared as a whole as well."
    )


def today(now: datetime) -> str:
    """The sentence that says that a day goes on."""
    at = f"{now.astimezone(UTC):%Y-%m-%d %H:%M}"
    return f"At {at} UTC the day was not over, or its usage not reported yet."

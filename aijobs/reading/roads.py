"""Why a job went, or goes, the road that it is on: one sentence, derived from what is stored."""

from collections.abc import Sequence
from datetime import timedelta

from aijobs.models import AIJob, JobAttempt
from aijobs.reading.forecast import Forecast
from aijobs.templatetags.durations import in_words
from aijobs.turnaround.choice import ours
from aijobs.turnaround.promise import Promise
from citizenapp.tenants.models import Tenant

# Of a hundred batches, so many end within the time that is told, whatever the tenant wants by now.
PERCENT = 95
REPEAT = "An earlier job asked the same: its result answers this one, which is not sent."
WISHED = "At once, at the full price, as was asked for."
TRIED = "At once, at the full price: it was among those of its collection that were tried first."
RESCUED = (
    "At once, at the full price: its batch was canceled, since it would have been late for the"
    " deadline."
)
TRIED_BATCH = (
    "By batch, at half the price: it may well end in time; otherwise it is canceled early enough"
    " for the job to run at once."
)
CANCELED = "At once, at the full price: its batch was canceled, and another would have been late."
NO_DEADLINE = "By batch, at half the price, since nothing says when it is needed."
NEVER_AT_ONCE = "By batch, at half the price: this workspace never pays the full price."
LIMIT_OF_RESCUES = (
    "By batch, at half the price, though it may be late: what this workspace pays in a month to"
    " make up for batches that take too long is used up."
)


def reason(tenant: Tenant, job: AIJob, attempts: Sequence[JobAttempt], forecast: Forecast) -> str:
    """`attempts`: those that failed, with their batches. Asks `forecast` while the job waits."""
    if job.answered_by:
        return REPEAT
    waits = job.status == AIJob.Status.QUEUED
    if job.route == AIJob.Route.SYNC or (waits and forecast.is_late(job)):
        return _at_once(job, attempts)
    if job.needed_by is None:
        return NO_DEADLINE
    if not tenant.full_price:
        return NEVER_AT_ONCE
    return _by_batch(job, forecast)


def _at_once(job: AIJob, attempts: Sequence[JobAttempt]) -> str:
    if job.needed_by is None or job.needed_by <= job.created_at:
        return TRIED if getattr(job.collection, "trial", None) else WISHED
    canceled = [one for one in attempts if one.batch and one.error_type == "canceled"]
    if canceled:
        last = canceled[-1].batch
        return RESCUED if last and last.rescued_at else CANCELED
    within = in_words(job.needed_by - job.created_at)
    return f"At once, at the full price: it is needed within {within}, and a batch may take longer."


def _by_batch(job: AIJob, forecast: Forecast) -> str:
    """Nothing is said of how long batches take where it is not known, as of older ones."""
    assert job.needed_by is not None
    takes: timedelta | None = None
    since = job.created_at
    if job.batch and job.batch.promised_seconds:
        promise = Promise(job.batch.promised_seconds)
        takes = timedelta(seconds=promise.within(PERCENT / 100)) + ours(job.batch.requests)
        since = job.batch.assembled_at
    elif job.status == AIJob.Status.QUEUED:
        takes = forecast.choice.takes(1, PERCENT)
        since = forecast.now
    left = job.needed_by - since
    if takes and left < takes and job.attempts > job.forgiven_attempts + bool(job.batch):
        return LIMIT_OF_RESCUES
    if not takes or left < takes:
        return TRIED_BATCH
    return (
        f"By batch, at half the price: {PERCENT} of 100 batches like its own end within"
        f" {in_words(takes)}, and it is needed within {in_words(left)}."
    )

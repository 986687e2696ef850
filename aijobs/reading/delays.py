"""Why a result is late, or what a job waits for beside its turn: one sentence each."""

from datetime import datetime
from uuid import UUID

from aijobs.budgets import standing
from aijobs.budgets.standing import Month
from aijobs.models import AIJob, CircuitBreaker, Seeding, Trial
from aijobs.templatetags.durations import in_words
from citizenapp.tenants import reader
from citizenapp.tenants.models import Tenant

AGAIN = "It is tried again after a pause."
CALLS = "Many jobs are to run at once: workspaces take turns."
CANCELING = (
    "Its batch is being canceled. Until it has ended, nothing is run again, since it may still be"
    " answered."
)
IN_DOUBT = (
    "Anthropic has not confirmed its batch. Whether it is there is being found out; nothing is sent"
    " twice."
)
OVERDUE = "Its deadline has passed."
SEED = "It waits for the first job of its collection, which fills the cache that it reads."
SEED_FAILED = "The first job of its collection failed: the others wait for somebody to decide."
SHARING = "It waits for the result of another job with the same question."
SLOW_CALL = "Claude takes longer than usual to answer."
TRIAL = "It waits for somebody to say that the others of its collection may follow those tried."
TURNS = "More waits than Anthropic's queue has room for: workspaces take turns."


def slower(usual: float) -> str:
    """`usual`: seconds within which nine of ten batches like its own end."""
    return (
        f"It takes longer than usual: nine of ten batches like its own end within"
        f" {in_words(usual)}."
    )


def stopped(tenant: Tenant, now: datetime) -> str:
    """Why nothing of this tenant is sent; empty where it is."""
    breaker = CircuitBreaker.objects.open().first()
    if breaker is not None:
        return f"Sending is paused. {breaker.get_reason_display()}"
    return held(tenant, now)


def held(tenant: Tenant, now: datetime) -> str:
    """Which limit keeps what waits; empty where none does. No query where there is no limit."""
    if standing.is_all_held(now):
        return "The monthly limit of this installation is reached: what waits goes on waiting."
    if tenant.limit_usd is None:
        return ""
    month = Month.around(now, tenant.time_zone)
    if standing.spent_in(month, tenant) < tenant.limit_usd:
        return ""
    return (
        f"The monthly limit is reached: it waits until {reader.day(month.renews_on)}, or until an "
        "owner raises the limit."
    )


def decision(tenant: Tenant, collection: UUID | None) -> str:
    """What a person must decide before it goes on."""
    trial = Trial.objects.filter(
        collection=collection, collection__tenant=tenant, state=Trial.State.OPEN
    )
    return TRIAL if trial.exists() else SEED_FAILED


def pause(tenant: Tenant, job: AIJob) -> str:
    """Why a job may not be sent before a certain moment."""
    seeding = Seeding.objects.waiting().filter(
        collection=job.collection_id, collection__tenant=tenant
    )
    return SEED if job.collection_id and seeding.exists() else AGAIN

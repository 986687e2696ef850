"""Why a result is late, or what a job waits for beside its turn: one sentence each."""

from aijobs.budgets.circumstances import Facts
from aijobs.models import AIJob, Seeding, Trial
from aijobs.templatetags.durations import in_words
from citizenapp.tenants import reader

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


def stopped(facts: Facts) -> str:
    """Why nothing of this tenant is sent; empty where it is."""
    if facts.breaker is not None:
        return f"Sending is paused. {facts.breaker.label}"
    return held(facts)


def held(facts: Facts) -> str:
    """Which limit keeps what waits; empty where none does."""
    if facts.are_all_held:
        return "The monthly limit of this installation is reached: what waits goes on waiting."
    if not facts.is_held:
        return ""
    return (
        f"The monthly limit is reached: it waits until {reader.day(facts.month.renews_on)}, or "
        "until an owner raises the limit."
    )


def decision(job: AIJob) -> str:
    """What a person must decide before it goes on. Reads the trial of its collection."""
    return TRIAL if _trial_is_open(job) else SEED_FAILED


def pause(job: AIJob) -> str:
    """Why a job may not be sent before a certain moment. Reads the seeding of its collection."""
    seeding: Seeding | None = getattr(job.collection, "seeding", None)
    is_waited_for = seeding is not None and seeding.state == Seeding.State.WAITING
    return SEED if is_waited_for else AGAIN


def _trial_is_open(job: AIJob) -> bool:
    trial: Trial | None = getattr(job.collection, "trial", None)
    return trial is not None and trial.state == Trial.State.OPEN

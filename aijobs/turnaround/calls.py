"""Whether Anthropic refuses direct calls at the moment, since it has too much to do."""

from datetime import datetime, timedelta

from aijobs.models import AIJob, JobAttempt

RECENT = timedelta(minutes=10)
# Of the latest attempts without a result so many are looked at, and so many of them refused calls
# are more than chance.
ATTEMPTS, FEW = 200, 3

TOO_BUSY = frozenset({"overloaded_error", "rate_limit_error"})


def told(now: datetime) -> str:
    """One sentence, as long as some were refused lately; else empty.

    By the key, which grows with time: a short walk, however many attempts there are.
    """
    latest = JobAttempt.objects.order_by("-pk").values_list("route", "error_type", "ended_at")
    refused = sum(
        route == AIJob.Route.SYNC and error_type in TOO_BUSY and now - ended_at < RECENT
        for route, error_type, ended_at in latest[:ATTEMPTS]
    )
    if refused < FEW:
        return ""
    return "Claude is too busy for some direct calls at the moment: they are tried again."

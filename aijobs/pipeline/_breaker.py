"""When nothing may be sent: what opens the circuit breaker, and what closes it.

Polling and settling go on while it is open. What was sent before it opened, or was last closed,
says nothing about now, and neither closes nor opens it.
"""

import logging
from datetime import datetime

from aijobs.crash_points import Step, crash_point
from aijobs.models import BlockReason, CircuitBreaker
from aijobs.models.breaker import FIRST_PAUSE

logger = logging.getLogger(__name__)


def is_holding(now: datetime) -> bool:
    """Whether nothing may go out yet, not even a probe."""
    return CircuitBreaker.objects.holding(now).exists()


def allowance(wanted: int, now: datetime) -> int:
    """How many of so many things may be sent: all of them, one as a probe, or none."""
    breaker = CircuitBreaker.objects.open().first()
    if breaker is None:
        return wanted
    return 1 if wanted and breaker.claim_probe(now) else 0


def trip(
    reason: BlockReason,
    message: str,
    *,
    sent_at: datetime,
    now: datetime,
    in_answer: bool = False,
) -> None:
    """Anthropic would refuse everything: stop, unless it was resumed since `sent_at`.

    `in_answer`: a request was accepted, and its answer said so.
    """
    if CircuitBreaker.objects.filter(closed_at__gt=sent_at).exists():
        return
    said = {"reason": reason, "message": message.replace("\0", "")[:300], "needs_answer": in_answer}
    if CircuitBreaker.objects.open().update(**said):
        return  # A probe failed, or what was sent before; the next pause has begun already.
    breaker = CircuitBreaker(**said, opened_at=now, probe_at=now + FIRST_PAUSE)
    # When two trip it at once, one of them is enough.
    CircuitBreaker.objects.bulk_create([breaker], ignore_conflicts=True)
    crash_point(Step.BREAKER_OPENED)
    logger.error("Nothing is sent until this is solved: %s %s", reason.label, message)


def record_success(*, sent_at: datetime, now: datetime, by_answer: bool) -> None:
    """Anthropic accepted, or answered, what was sent: go on, if that was a probe."""
    breakers = CircuitBreaker.objects.open().filter(opened_at__lt=sent_at)
    if not by_answer:
        breakers = breakers.filter(needs_answer=False)
    for breaker in breakers:
        if breaker.mark_closed(now):
            crash_point(Step.BREAKER_CLOSED)
            logger.warning("Anthropic accepts work again: sending resumes.")

"""Whether Anthropic refuses direct calls at the moment, since it has too much to do."""

from datetime import datetime, timedelta

from aijobs.models import RateLimit

# So long after a call was refused, others may still be.
RECENT = timedelta(minutes=5)


def told(now: datetime) -> str:
    """One sentence, as long as calls were refused lately, or wait for that reason; else empty."""
    refused = RateLimit.objects.filter(halved_at__gt=now - RECENT)
    waiting = RateLimit.objects.filter(paused_until__gt=now)
    if not (refused.exists() or waiting.exists()):
        return ""
    return "Claude is too busy for some direct calls at the moment: they are tried again."

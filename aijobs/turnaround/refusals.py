"""Whether Anthropic refuses direct calls at the moment, since it has too much to do."""

from datetime import datetime, timedelta

from django.db.models import Q

from aijobs.models import RateLimit

# So long after a call was refused, others may still be.
RECENT = timedelta(minutes=5)
TOLD = "Claude is too busy for some direct calls at the moment: they are tried again."


def told(now: datetime) -> str:
    """One sentence, as long as calls were refused lately, or wait for that reason; else empty."""
    lately = Q(halved_at__gt=now - RECENT) | Q(paused_until__gt=now)
    return TOLD if RateLimit.objects.filter(lately).exists() else ""

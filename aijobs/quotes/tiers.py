"""The models that people may choose among: that of the job type, and those that can do more.

Smaller ones are not offered: what a job type asks for may be more than they can do.
"""

from aijobs import pricing
from aijobs.jobtypes import JobType

# From the smallest to the largest.
TIERS = {
    "claude-haiku-5-5": "Claude Haiku: quick and cheap",
    "claude-sonnet-5-5": "Claude Sonnet: more thorough, costs more",
    "claude-opus-5-5": "Claude Opus: the most thorough, costs most",
}


def choices(kind: JobType) -> list[tuple[str, str]]:
    """Each model with what people call it; "" for that of the job type."""
    names = [name for name in TIERS if name in pricing.models()]
    larger = names[names.index(kind.model) + 1 :] if kind.model in names else names
    usual = TIERS.get(kind.model, kind.model).partition(":")[0]
    return [("", f"As usual: {usual}"), *((name, TIERS[name]) for name in larger)]

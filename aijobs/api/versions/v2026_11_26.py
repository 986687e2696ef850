"""2026-11-26: the report of `GET usage` has one form, whatever it has to tell."""

from aijobs.api.versions.steps import Answer, Step

# Before, they were left out where there was nothing to tell.
SOMETIMES = ("estimated_answers", "paused")


def usage_before(report: Answer) -> Answer:
    """A single group by its name, and no member without a value."""
    groups = report["group_by"]
    report["group_by"] = groups[0] if len(groups) == 1 else groups
    return {name: value for name, value in report.items() if name not in SOMETIMES or value}


STEP = Step(
    changes=(
        "`GET usage`: `group_by` is always a list; it was a text where it had one entry.",
        "`GET usage`: `estimated_answers` and `paused` are always there, as `0` and `null` where"
        " there is nothing to tell; they were left out then.",
    ),
    back={"api-usage": usage_before},
)

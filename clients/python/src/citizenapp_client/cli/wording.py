"""What people read."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from citizenapp_client.models import (
    AnalyzeOutput,
    ClassifyOutput,
    Collection,
    Job,
    JobSummary,
    Quote,
    QuotedCost,
    SummarizeOutput,
)

SHOWN = ("failed", "canceled", "queued", "submitted", "processing")


def usd(amount: Decimal) -> str:
    """Cents, and what is smaller than a cent with two digits that count."""
    if amount == 0 or abs(amount) >= Decimal("0.10"):
        return f"${amount:,.2f}"
    digits = min(max(2, 1 - amount.adjusted()), 10)
    return f"${amount:.{digits}f}"


def moment(when: datetime | None) -> str:
    return when.astimezone().strftime("%Y-%m-%d %H:%M") if when else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns below each other; the last one is as long as it likes."""
    lines = [list(head), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def job(found: Job) -> str:
    """One job, with its result."""
    lines = [f"{found.job_type} {found.job_id}: {found.status}"]
    if found.reference:
        lines.append(f"Reference: {found.reference}")
    if found.error:
        lines.append(f"{found.error.type}: {found.error.message}")
    if not found.has_ended and found.eta:
        lines.append(f"Expected by {moment(found.eta)}")
    if found.late_reason:
        lines.append(found.late_reason)
    if found.usage:
        lines.append(f"Cost {usd(found.cost_usd)}, saved {usd(found.saved_usd)}")
    if found.result is not None:
        lines += ["", result(found)]
    return "\n".join(lines)


def result(found: Job) -> str:
    """What Claude answered."""
    match found.result:
        case SummarizeOutput(summary=text) | ClassifyOutput(category=text):
            return text
        case AnalyzeOutput() as analysis:
            return _analysis(analysis)
        case dict() as other:
            return "\n".join(f"{name}: {value}" for name, value in other.items())
        case _:
            return ""


def _analysis(analysis: AnalyzeOutput) -> str:
    lines = []
    for title, entries in (
        ("Findings", [f"{one.title}: {one.detail}" for one in analysis.findings]),
        ("Obligations", [f"{one.who}: {one.what} {one.when}" for one in analysis.obligations]),
        ("Risks", [f"{one.title} ({one.severity}): {one.detail}" for one in analysis.risks]),
        ("Answers", [f"{one.question} {one.answer}" for one in analysis.answers]),
    ):
        if entries:
            lines += [title, *(f"- {entry.rstrip()}" for entry in entries), ""]
    return "\n".join(lines).rstrip()


def jobs(found: Iterable[JobSummary]) -> str:
    return table(
        ("JOB", "TYPE", "STATUS", "CREATED", "COST", "REFERENCE"),
        (
            (
                *(str(one.job_id), one.job_type, one.status, moment(one.created_at)),
                *(usd(one.cost_usd) if one.usage else "", one.reference or one.source_name),
            )
            for one in found
        ),
    )


def progress(found: Collection) -> str:
    """How a collection stands, in one line."""
    counts = {name: getattr(found.counts, name) for name in SHOWN}
    parts = [f"{number:,} {name}" for name, number in counts.items() if number]
    return ", ".join([f"{found.ended:,} of {found.total:,} done", *parts])


def collection(found: Collection) -> str:
    """One collection: how it stands, and what it cost."""
    lines = [
        f"{found.name} ({found.job_type} {found.collection_id})",
        progress(found),
        f"Cost {usd(found.cost_usd)}, saved {usd(found.saved_usd)}",
    ]
    if not found.has_ended and found.eta:
        lines.append(f"Expected by {moment(found.eta)}")
    if found.late_reason:
        lines.append(found.late_reason)
    if found.waits_for_you:
        lines.append(waits_for_you(found))
    return "\n".join(lines)


def waits_for_you(found: Collection) -> str:
    return (
        f"The trial is over, and {found.counts.queued:,} jobs wait for your word:"
        f" citizenapp collection continue {found.collection_id}, or cancel."
    )


def quote(found: Quote) -> str:
    """What it would cost, on both roads."""
    lines = [f"{found.jobs:,} × {found.job_type}, quote {found.quote_id}"]
    for road, cost in (("By batch", found.batch), ("At once", found.at_once)):
        lines.append(f"{road + ':':<10}{_range(cost)}")
    if found.asked:
        lines.append(f"{'As asked:':<10}{_range(found.asked)}")
    if found.repeated:
        lines.append(f"{found.repeated:,} were asked before and are free.")
    if found.rejected_count:
        lines.append(f"{found.rejected_count:,} rows have errors and are left out.")
    return "\n".join([*lines, *found.warnings])


def _range(cost: QuotedCost | None) -> str:
    if cost is None:
        return "the model has no price today"
    return f"{usd(cost.low_usd)} to {usd(cost.high_usd)}, likely {usd(cost.likely_usd)}"

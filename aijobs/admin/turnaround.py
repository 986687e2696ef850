"""How long batches take, and how far what was promised of them came true."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.safestring import SafeString

from aijobs.admin.reading import moment, table
from aijobs.models import Batch
from aijobs.reading import staff
from aijobs.templatetags.durations import in_words
from aijobs.turnaround.calibration import Reliability, reliability, within_range
from aijobs.turnaround.choice import Choice, ours
from aijobs.turnaround.history import Turnaround
from aijobs.turnaround.model import LEVELS
from aijobs.turnaround.promise import Promise
from citizenapp.tenants.models import Tenant

SIZES = (1, 10, 100, 1_000, 10_000, 100_000)
SHOWN = (0.1, 0.5, 0.9, 0.95)

# The certainty that tenants have unless they choose another.
USUAL: int = Tenant._meta.get_field("deadline_percent").default


@dataclass(frozen=True, slots=True)
class Column:
    """What was promised at a level, and how many batches kept it; laid out in percent."""

    told: Reliability
    x: float
    width: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 3)

    @property
    def end(self) -> float:
        return round(self.x + self.width, 3)

    @property
    def height(self) -> float:
        return round(100 * self.told.share, 3)

    @property
    def y(self) -> float:
        return round(100 - self.height, 3)

    @property
    def mark(self) -> float:
        """Where the column would end if as many kept it as were promised to."""
        return round(100 - 100 * self.told.level, 3)

    @property
    def level(self) -> str:
        return percent(self.told.level)

    @property
    def share(self) -> str:
        return percent(self.told.share)


def context(now: datetime) -> dict[str, object]:
    """What the page shows."""
    turnaround = Turnaround.load(now)
    past = staff.promises_kept()
    inside, batches = within_range(past)
    return {
        "told": turnaround.conditions.told,
        "columns": _columns(reliability(past)),
        "batches": batches,
        "inside": inside,
        "inside_share": percent(inside / batches) if batches else "",
        "levels": [percent(one) for one in SHOWN],
        "sizes": [(size, _durations(turnaround, size)) for size in SIZES],
        "canceling": [in_words(turnaround.model.canceled_within(one)) for one in SHOWN],
        "rescued": staff.rescued_lately(),
    }


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def promised(batch: Batch) -> SafeString | str:
    """By when a batch was promised to have ended, with which certainty; a dash before it is."""
    if not batch.promised_seconds:
        return "–"
    promise = Promise(batch.promised_seconds)
    sent = batch.submitted_at
    return table(
        ("Certainty", "Within", "By"),
        (
            (
                percent(level),
                in_words(promise.within(level)),
                moment(sent + timedelta(seconds=promise.within(level)) if sent else None),
            )
            for level in LEVELS
        ),
    )


def rescue(batch: Batch, now: datetime) -> str:
    """When a batch was canceled for its deadline's sake, or would be; a dash where it never is."""
    if batch.rescued_at:
        return f"Canceled at {moment(batch.rescued_at)}, for it would have been late."
    if batch.needed_by is None or batch.status != Batch.Status.SUBMITTED or not batch.submitted_at:
        return "–"
    choice = Choice(Turnaround.load(now))
    begins = batch.needed_by - choice.rescue_takes(batch.requests, USUAL)
    left = batch.needed_by - now - ours(batch.requests)
    elapsed = now - batch.submitted_at
    chance = choice.turnaround.of_batch(batch).chance(left.total_seconds(), elapsed.total_seconds())
    # So large a batch may have been in danger from the first.
    since = f"from {moment(begins)} on" if begins > batch.assembled_at else "at any time"
    return (
        f"At the usual {USUAL} %, it is canceled {since}, for workspaces that pay for it, if by"
        f" then it is less likely than that to be in time. It is in time with a probability of"
        f" {percent(chance)} now."
    )


def _columns(found: Sequence[Reliability]) -> list[Column]:
    if not found or not found[0].batches:
        return []
    step = 100 / len(found)
    return [
        Column(one, round(number * step + step * 0.15, 3), round(step * 0.7, 3))
        for number, one in enumerate(found)
    ]


def _durations(turnaround: Turnaround, requests: int) -> list[str]:
    promise = turnaround.promise(requests, frozenset())
    return [in_words(promise.within(level)) for level in SHOWN]

"""What staff see of all tenants: the only readers that begin at no tenant."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Count

from aijobs.models import AIJob, Batch, LedgerEntry, UsageRollup
from aijobs.models.jobs import AIJobQuerySet
from aijobs.reading import replay
from aijobs.reading.money import OF_CHARGES, Money, money
from aijobs.reading.usage import Period, Usage, report
from aijobs.turnaround import history
from aijobs.turnaround.calibration import Past
from aijobs.whatif import Charges

PROMISES = ("submitted_at", "ended_at", "canceling_at", "foreseen_seconds", "promised_seconds")

# Batches that are looked at in search of those that were rescued lately.
NEWEST, MOST_RESCUED = 2_000, 20


def jobs() -> AIJobQuerySet:
    """All jobs, newest first, with their shown status, tenant and batch."""
    return AIJob.objects.with_shown_status().select_related("tenant", "batch").order_by("-pk")


def jobs_of_batch(batch: Batch) -> dict[str, int]:
    """How many jobs of a batch have which status, as it is stored."""
    found = AIJob.objects.filter(batch=batch).values_list("status").annotate(jobs=Count("*"))
    return dict(found.order_by("status"))


def spent_on_batch(batch: Batch) -> Money:
    """What the answers of a batch cost; all zeros where it has none."""
    return money(LedgerEntry.objects.filter(batch=batch).aggregate(**OF_CHARGES))


def charges_of(job_id: UUID) -> Iterable[LedgerEntry]:
    """The entries of the ledger for a job, in their order, corrections among them."""
    return LedgerEntry.objects.filter(job_id=job_id).order_by("pk")


def usage_of_all(period: Period, names: Sequence[str]) -> Usage:
    """What all tenants were charged in a period, by some of GROUPS. One query."""
    return report(UsageRollup.objects.all(), period, names)


def charges_of_all(period: Period, limits: Sequence[int]) -> list[Charges]:
    """What all tenants were charged in a period, to be priced anew."""
    return replay.of_entries(LedgerEntry.objects.all(), period, limits)


def promises_kept() -> list[Past]:
    """What was promised of the latest batches that were settled, and what each of them took."""
    settled = history.over().filter(
        status=Batch.Status.SETTLED, canceling_at=None, promised_seconds__isnull=False
    )
    rows = settled.values(*PROMISES)[: history.COMPARED]
    return [past for one in rows if (past := history.past_of(one))]


def rescued_lately() -> list[Batch]:
    """Batches that were canceled because they threatened deadlines, the newest first."""
    newest = Batch.objects.order_by("-pk").values("pk")[:NEWEST]
    rescued = Batch.objects.filter(pk__in=newest, rescued_at__isnull=False)
    return list(rescued.order_by("-pk")[:MOST_RESCUED])

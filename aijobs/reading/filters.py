"""Which of a tenant's jobs are meant: by lists, downloads, and by what is asked of many at once."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import DecimalField, F, OuterRef, Q, Subquery, Sum
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from aijobs.models import AIJob, JobTag, LedgerEntry, Tag
from aijobs.models.jobs import AIJobQuerySet
from aijobs.reading import pages, search
from citizenapp.tenants.models import Tenant

# Submitted and processing jobs, whose difference means something at Anthropic only.
IN_PROGRESS = "in_progress"
# A job that cost so much has a charge of an eighth of it at least: nothing is charged more often.
MOST_CHARGES = 8


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs to list; `status` is a shown status or IN_PROGRESS. None lets everything through.

    Created at `created_after` or later, and before `created_before`. `cost_from` and `cost_to` are
    USD: what was charged for a job in all, both included. `text`: all of its words are in the
    reference, a document or the answer of the job.
    """

    status: str | None = None
    job_type: str | None = None
    collection_id: UUID | None = None
    reference: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    created_by: str | None = None
    tag: str | None = None
    cost_from: Decimal | None = None
    cost_to: Decimal | None = None
    text: str | None = None

    @property
    def is_about_text_only(self) -> bool:
        """Whether nothing but words narrows it."""
        return self == JobFilter(text=self.text)

    @property
    def is_about_time_only(self) -> bool:
        """Whether nothing but a time narrows it."""
        times = {"created_after", "created_before"}
        return all(getattr(self, one.name) is None for one in fields(self) if one.name not in times)


def filtered(tenant: Tenant, only: JobFilter) -> AIJobQuerySet:
    """A tenant's jobs that a filter lets through, in no order."""
    if only.status == IN_PROGRESS:
        jobs = AIJob.objects.of(tenant).on_their_way()
        jobs = jobs.filter(job_type=only.job_type) if only.job_type else jobs
    elif only.text and not only.status:
        # Without the condition by which a list is walked.
        jobs = AIJob.objects.of(tenant)
        jobs = jobs.filter(job_type=only.job_type) if only.job_type else jobs
    else:
        jobs = AIJob.objects.listed(tenant, status=only.status or "", job_type=only.job_type or "")
    if only.collection_id:
        jobs = jobs.filter(collection=only.collection_id)
    if only.reference:
        jobs = jobs.filter(input__tenant=tenant, input__reference=only.reference)
    if only.created_by:
        jobs = jobs.filter(input__tenant=tenant, input__created_by=only.created_by)
    jobs = of_the_time(jobs, only, pages.OF_JOBS)
    if only.tag:
        tagged = JobTag.objects.filter(tag__in=Tag.objects.named(tenant, only.tag))
        jobs = jobs.filter(pk__in=tagged.values("job"))
    if only.cost_from is not None or only.cost_to is not None:
        jobs = _that_cost(tenant, jobs, only.cost_from, only.cost_to)
    if only.text:
        return search.found(tenant, jobs, only.text, are_all=only.is_about_text_only)
    return jobs


def of_the_time(
    jobs: AIJobQuerySet, only: JobFilter, keys: Sequence[str] = ("pk",)
) -> AIJobQuerySet:
    """Those of the time of a filter. The bound on the id makes it a range of an index."""
    if after := only.created_after:
        first = pages.first_id_of(after)
        jobs = jobs.filter(pages.beyond(first, "gte", keys), created_at__gte=after)
    if before := only.created_before:
        first = pages.first_id_after(before)
        jobs = jobs.filter(pages.beyond(first, "lt", keys), created_at__lt=before)
    return jobs


def ticked(tenant: Tenant, jobs: Sequence[UUID], collections: Sequence[UUID]) -> AIJobQuerySet:
    """A tenant's jobs with these ids, and all of these collections."""
    found = AIJob.objects.of(tenant)
    if collections:
        return found.filter(Q(pk__in=jobs) | Q(collection__in=collections))
    return found.filter(pk__in=jobs)


def _that_cost(
    tenant: Tenant, jobs: AIJobQuerySet, least: Decimal | None, most: Decimal | None
) -> AIJobQuerySet:
    """Those that were charged for: an index finds what may fit, the sum tells whether it does."""
    charges = LedgerEntry.objects.filter(tenant=tenant)
    own = charges.filter(job_id=OuterRef("pk")).values("job_id").annotate(total=Sum("cost_usd"))
    total = Subquery(own.values("total"), output_field=DecimalField())
    may_fit = charges
    if least is not None:
        may_fit = may_fit.filter(cost_usd__gte=least / MOST_CHARGES)
        jobs = jobs.filter(GreaterThanOrEqual(total, least))
    if most is not None:
        may_fit = may_fit.filter(cost_usd__lte=most)
        jobs = jobs.filter(LessThanOrEqual(total, most))
    return jobs.filter(pk__in=may_fit.values(key=F("job_id")))

"""What people make of results: corrections, comments, what each has read, what was asked anew.

All of it goes with its job. Nothing here changes a job or its result; the word by which a result is
counted is that of the correction, where one counts.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.db.models import OuterRef, Q, Subquery

from aijobs.models.fields import JSONTextField
from aijobs.models.jobs import AIJob
from aijobs.models.listing import JobToRead
from aijobs.models.results import JobOutput
from citizenapp.ids import new_id
from citizenapp.tenants.models import Tenant, User


class Outdated(Exception):
    """Somebody else has corrected the result since the page was made."""


class CorrectionQuerySet(models.QuerySet["Correction"]):
    def of_jobs(self, tenant: Tenant, job_ids: Iterable[UUID]) -> "dict[UUID, Correction]":
        """The last one of each job, where there is any: one query."""
        rows = self.filter(tenant=tenant, job__in=list(job_ids)).order_by("number")
        return {row.job_id: row for row in rows}

    def add(
        self, job: AIJob, result: dict[str, Any] | None, *, after: int, by: str, now: datetime
    ) -> "Correction":
        """Put this in the place of the result; None takes back what was put there.

        `after`: the number of the last correction that the person saw, 0 for none. Raises
        Outdated where there is another one, and AIJob.DoesNotExist where the job is gone.
        """
        if self.filter(job=job, number__gt=after).exists():
            raise Outdated
        try:
            with transaction.atomic():
                _hold(job)
                self._count_by(job, result)
                return self.create(
                    tenant_id=job.tenant_id,
                    job=job,
                    number=after + 1,
                    result=result,
                    created_by=by,
                    created_at=now,
                )
        except IntegrityError:
            raise Outdated from None

    @staticmethod
    def _count_by(job: AIJob, result: dict[str, Any] | None) -> None:
        """Charts, filters and the search know the job by what counts from now on."""
        output = JobOutput.objects.filter(pk=job.pk)
        counts = output.get().result if result is None else result
        output.update(word=job.kind.word(counts))
        JobToRead.objects.create(job_id=job.pk)

    def counting(self, job: str) -> Subquery:
        """The result of the last one of a job of an outer query, by its key; null for none."""
        found = self.filter(job=OuterRef(job)).order_by("-number")
        return Subquery(found.values("result")[:1])


class Correction(models.Model):
    """What a person put in the place of a job's result, in the shape of its job type.

    The result itself stays. Rows are only added: the last one counts, and where its result is null,
    the original does again.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, db_index=False)
    job = models.ForeignKey(AIJob, models.CASCADE, related_name="corrections", db_index=False)
    number = models.PositiveIntegerField(help_text="Counts from 1 for each job.")
    result = JSONTextField(null=True)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            # Of two who correct at once the second learns of it. Also the index by which a job
            # finds them.
            models.UniqueConstraint(fields=["job", "number"], name="correction_once"),
        ]
        indexes: ClassVar = [
            # The export walks them.
            models.Index(fields=["tenant", "id"], name="correction_of_tenant"),
        ]

    def __str__(self) -> str:
        return f"correction {self.number} of {self.job_id}"


class CommentQuerySet(models.QuerySet["Comment"]):
    @transaction.atomic
    def add(self, job: AIJob, text: str, *, by: str, now: datetime) -> "Comment":
        """Raises AIJob.DoesNotExist where the job is gone."""
        _hold(job)
        return self.create(
            id=new_id(now), tenant_id=job.tenant_id, job=job, text=text, created_by=by,
            created_at=now,
        )  # fmt: skip


class Comment(models.Model):
    """What a person has to say about a job: plain text."""

    MOST_CHARACTERS: ClassVar = 2_000
    MOST_OF_JOB: ClassVar = 200

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, db_index=False)
    job = models.ForeignKey(AIJob, models.CASCADE, related_name="comments", db_index=False)
    text = models.CharField(max_length=MOST_CHARACTERS)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()

    objects = CommentQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["job", "id"], name="comment_of_job"),
            # The export walks them.
            models.Index(fields=["tenant", "id"], name="comment_of_tenant"),
        ]

    def __str__(self) -> str:
        return f"comment on {self.job_id}"


class ReadMarkQuerySet(models.QuerySet["ReadMark"]):
    @transaction.atomic
    def add(self, job: AIJob, person: User, now: datetime) -> None:
        """The person has read its result. Once is enough. Raises AIJob.DoesNotExist."""
        _hold(job)
        mark = ReadMark(tenant_id=job.tenant_id, person=person, job=job, read_at=now)
        self.bulk_create([mark], ignore_conflicts=True)

    def remove(self, job: AIJob, person: User) -> None:
        self.filter(person=person, job=job).delete()


class ReadMark(models.Model):
    """That a person has read the result of a job. Each member has read what they have read."""

    pk = models.CompositePrimaryKey("person_id", "job_id")
    tenant = models.ForeignKey(Tenant, models.PROTECT, db_index=False, related_name="+")
    person = models.ForeignKey(User, models.CASCADE, db_index=False, related_name="+")
    job = models.ForeignKey(AIJob, models.CASCADE, db_index=False, related_name="read_marks")
    read_at = models.DateTimeField()

    objects = ReadMarkQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            # Jobs that are deleted take them along.
            models.Index(fields=["job"], name="read_mark_of_job"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} was read"


class Rerun(models.Model):
    """That a job asks anew, with changes, what another one asked."""

    job = models.OneToOneField(AIJob, models.CASCADE, primary_key=True, related_name="rerun_of")
    tenant = models.ForeignKey(Tenant, models.PROTECT, db_index=False, related_name="+")
    # No foreign key: that job may be deleted first.
    source_id = models.UUIDField(help_text="The job that it was made of.")

    class Meta:
        indexes: ClassVar = [
            # What was made of a job.
            models.Index(fields=["source_id", "job"], name="rerun_of_source"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} was made of {self.source_id}"


def _hold(job: AIJob) -> None:
    """Keep others from deleting the job until the transaction ends, which adds to it."""
    AIJob.objects.select_for_update(no_key=True).only("pk").get(pk=job.pk, erasing_since=None)


def unread_by(person: User) -> Q:
    """Jobs whose result the person has not marked as read."""
    marks = ReadMark.objects.filter(person=person, job=models.OuterRef("pk"))
    return ~Q(models.Exists(marks))

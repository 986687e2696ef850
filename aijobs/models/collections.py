"""A collection: many jobs that were queued together."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from aijobs.models.fields import JSONTextField
from citizenapp.tenants.models import Tenant


class CollectionQuerySet(models.QuerySet["Collection"]):
    def of(self, tenant: Tenant) -> Self:
        """Every road to a tenant's collections begins here: what is being erased is not shown."""
        return self.filter(tenant=tenant, erasing_since=None)


class Collection(models.Model):
    """Many jobs queued together under one name."""

    # Names in the metadata of its jobs that become columns of its results. Items that a program
    # sends may each have names of their own: the others stay together in one column.
    MOST_COLUMNS: ClassVar = 200

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, db_index=False)
    name = models.CharField(max_length=200)
    job_type = models.CharField(max_length=20)
    total = models.PositiveIntegerField(help_text="Jobs accepted when it was queued.")
    rejected = models.PositiveIntegerField(
        db_default=0, help_text="Rows that were left out when it was queued: they were bad."
    )
    columns = JSONTextField(
        null=True, help_text="The names in the metadata of its jobs, in their order; null: none."
    )
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    erasing_since = models.DateTimeField(
        null=True, help_text="Shown nowhere since then: it goes with the last of its jobs."
    )

    objects = CollectionQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            # The tenant's list of collections, newest first.
            models.Index(fields=["tenant", "-id"], name="collection_of_tenant"),
            # Earlier ones of the same name, which it is compared with.
            models.Index(fields=["tenant", "name", "-id"], name="collection_of_name"),
            # The same of programs that speak the Message Batches API.
            models.Index(
                fields=["tenant", "-id"], name="collection_of_messages", condition=Q(job_type="raw")
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def counts(self) -> dict[str, int]:
        """Jobs by shown status; statuses without jobs are 0."""
        found = self.counters.counts().get(self.pk, {})
        # Jobs are declared after their collections.
        jobs: Any = type(self).aijob_set.rel.related_model
        return {status: found.get(status, 0) for status in jobs.Status.values}

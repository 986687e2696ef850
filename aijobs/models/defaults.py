"""What the forms of a workspace begin with: options by job type, and categories by name."""

from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models

from citizenapp.tenants.models import Tenant


class CategorySetQuerySet(models.QuerySet["CategorySet"]):
    def of(self, tenant: Tenant) -> Self:
        """Every road to a tenant's sets begins here; in the order of their names."""
        return self.filter(tenant=tenant).order_by("name", "pk")


class CategorySet(models.Model):
    """Categories that are used together, under a name: "Claims", "Post of the day"."""

    MOST_OF_A_TENANT: ClassVar = 50

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    name = models.CharField(max_length=100)
    categories = ArrayField(models.CharField(max_length=200))

    objects = CategorySetQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "name"], name="category_set_named_once"),
        ]

    def __str__(self) -> str:
        return self.name


class JobDefaults(models.Model):
    """What a form about one job type begins with. The API knows nothing of it."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    job_type = models.CharField(max_length=20)
    options = models.JSONField(default=dict, help_text="Of the fields of the job type, by name.")
    urgency = models.CharField(max_length=5, blank=True, help_text="Of the choices of the form.")
    category_set = models.ForeignKey(CategorySet, models.SET_NULL, null=True)

    class Meta:
        verbose_name_plural = "job defaults"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "job_type"], name="job_defaults_once"),
        ]

    def __str__(self) -> str:
        return f"{self.job_type} of {self.tenant_id}"

"""What people add to the list of jobs: tags, kept views; and the words that it is searched by."""

from typing import ClassVar, Self

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower

from aijobs.models.jobs import AIJob
from citizenapp.tenants.models import Tenant, User


class TagQuerySet(models.QuerySet["Tag"]):
    def named(self, tenant: Tenant, name: str) -> Self:
        """The tag of a tenant that is called so, in whatever capitals: one at most.

        PostgreSQL makes both sides small, as in the constraint: Python has other rules.
        """
        return self.alias(word=Lower("name")).filter(tenant=tenant, word=Lower(Value(name)))


class Tag(models.Model):
    """A word of a tenant's own, by which its jobs are found. Capitals make no other word of it."""

    MOST_OF_A_JOB: ClassVar = 20
    MOST_OF_A_TENANT: ClassVar = 500
    LONGEST: ClassVar = 50

    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    name = models.CharField(max_length=LONGEST)

    objects = TagQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("tenant", Lower("name"), name="tag_of_tenant"),
        ]

    def __str__(self) -> str:
        return self.name


class JobTag(models.Model):
    """A tag that a job bears."""

    pk = models.CompositePrimaryKey("tag_id", "job_id")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="uses", db_index=False)
    job = models.ForeignKey(AIJob, models.CASCADE, related_name="job_tags")

    def __str__(self) -> str:
        return f"tag {self.tag_id} of {self.job_id}"


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def of(self, tenant: Tenant, user: User) -> Self:
        """Those that a person sees in a tenant: her own, and those that others share."""
        return self.filter(Q(user=user) | Q(is_shared=True), tenant=tenant)


class SavedView(models.Model):
    """A filter of the list under a name, of one person; shared, all of the tenant see it."""

    MOST: ClassVar = 50
    LONGEST: ClassVar = 60
    LONGEST_QUERY: ClassVar = 2_000

    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    name = models.CharField(max_length=LONGEST)
    query = models.CharField(
        max_length=LONGEST_QUERY, help_text="What follows the “?” in its address."
    )
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "user", "name"], name="view_of_person"),
        ]

    def __str__(self) -> str:
        return self.name


class JobText(models.Model):
    """The words by which a job is found: of its reference, its files, its documents, its answer.

    Derived from rows that stay, by the stage `index`, a moment later. Each word begins with the key
    of its tenant, so that a search reads the entries of that tenant in the index and no others.
    """

    job = models.OneToOneField(AIJob, models.CASCADE, primary_key=True, related_name="+")
    words = SearchVectorField()

    class Meta:
        indexes: ClassVar = [GinIndex(fields=["words"], name="text_words")]

    def __str__(self) -> str:
        return f"words of {self.pk}"


class JobToRead(models.Model):
    """A job whose words are not in the index yet; put here by triggers, in its own transaction.

    With `and_older`, so are all that are older: of rows from before there was an index. No foreign
    key: it would be looked at for each job that is queued. What is gone by then is passed over.
    """

    job_id = models.UUIDField()
    and_older = models.BooleanField(db_default=False)

    def __str__(self) -> str:
        return f"{self.job_id} is to be read"

"""The tags that jobs have."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from aijobs.models import JobTag


def names() -> ArraySubquery:
    """The names of the tags of each job of a query, in the order of the alphabet, within it."""
    tagged = JobTag.objects.filter(job=OuterRef("pk")).order_by("tag__name")
    return ArraySubquery(tagged.values("tag__name"))

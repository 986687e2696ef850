"""Who queued something, as people call them."""

from django.db.models import CharField, F, Value
from django.db.models.functions import Concat, Trim

from citizenapp.tenants.models import APIKey, Tenant, User


def names(tenant: Tenant, *, most: int = 200) -> dict[str, str]:
    """By what `created_by` calls them: the names of keys, and of members who have told theirs.

    One query, of so many of each at `most`, the newest first.
    """
    keys = APIKey.objects.filter(tenant=tenant).order_by("-created")
    members = User.objects.filter(memberships__tenant=tenant).order_by("-memberships__pk")
    full_name = Trim(Concat("first_name", Value(" "), "last_name", output_field=CharField()))
    known = members.annotate(full_name=full_name).exclude(full_name="")
    called = keys.annotate(
        called=Concat(Value("key "), F("prefix"), output_field=CharField())
    ).values_list("called", "name")
    return dict(called[:most].union(known.values_list("username", "full_name")[:most], all=True))

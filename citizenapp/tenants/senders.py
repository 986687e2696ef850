"""Who did something, as people call them, within the query that reads what was done."""

from django.db.models import CharField, F, OuterRef, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Concat, Trim

from citizenapp.tenants.models import APIKey, Tenant, User


def called(tenant: Tenant, column: str) -> Combinable:
    """What a column such as `created_by` says: the name of a member or of a key, else as it stands.

    Members who have not told their name are called by that with which they sign in.
    """
    full_name = Trim(Concat("first_name", Value(" "), "last_name", output_field=CharField()))
    member = User.objects.filter(memberships__tenant=tenant, username=OuterRef(column))
    named = member.annotate(full_name=full_name).exclude(full_name="").values("full_name")
    known = Concat(Value("key "), "prefix", output_field=CharField())
    key = APIKey.objects.filter(tenant=tenant).annotate(known=known)
    found = key.filter(known=OuterRef(column)).order_by("-created").values("name")
    return Coalesce(Subquery(named[:1]), Subquery(found[:1]), F(column), output_field=CharField())

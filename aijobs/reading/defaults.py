"""What forms begin with, as the workspace has set it. The API asks nobody: its contract stays."""

from collections.abc import Mapping
from typing import Any

from aijobs import jobtypes
from aijobs.models import CategorySet, JobDefaults
from citizenapp.tenants.models import Tenant


def category_sets(tenant: Tenant) -> list[CategorySet]:
    """The sets of categories, by name. One query."""
    return list(CategorySet.objects.of(tenant))


def all_defaults(tenant: Tenant) -> dict[str, dict[str, Any]]:
    """By job type, what `defaults_of` tells of it. One query."""
    found = JobDefaults.objects.filter(tenant=tenant).select_related("category_set")
    return {one.job_type: _told(one) for one in found}


def defaults_of(tenant: Tenant, job_type: str) -> Mapping[str, Any]:
    """The fields of a job type that a form begins with, by name, and maybe `urgency`.

    Only what was set is there, and only fields that the job type still has.
    """
    return all_defaults(tenant).get(job_type, {})


def _told(one: JobDefaults) -> dict[str, Any]:
    try:
        known = jobtypes.get(one.job_type).Input.model_fields
    except jobtypes.UnknownJobType:
        return {}
    told = {name: value for name, value in one.options.items() if name in known}
    if one.category_set and "categories" in known:
        told["categories"] = list(one.category_set.categories)
    return told | ({"urgency": one.urgency} if one.urgency else {})

"""What the forms for new work begin with: the one place where that is decided."""

from typing import Any

from aijobs import jobtypes
from aijobs.reading.defaults import all_defaults
from aijobs.web import samples
from citizenapp.tenants.models import Tenant


def initials_of(tenant: Tenant, job_type: str | None, *, example: bool = False) -> dict[str, Any]:
    """The fields of the forms by name, and under `options` those of each job type by its name.

    `example`: a text to try, with all that it needs.
    """
    kinds = [kind.name for kind in jobtypes.offered()]
    chosen = job_type or kinds[-1]
    set_for = all_defaults(tenant)
    found: dict[str, Any] = {
        "job_type": chosen,
        "options": {name: dict(set_for.get(name, {})) for name in kinds},
    }
    if urgency := set_for.get(chosen, {}).get("urgency"):
        found["urgency"] = urgency
    if example:
        found["text"] = samples.text()
        found["reference"] = "Example"
        for name, options in samples.OPTIONS.items():
            found["options"].setdefault(name, {}).update(options)
    return found

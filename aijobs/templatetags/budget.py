"""What pages say of a tenant's budget above everything else."""

from django import template
from django.utils import timezone

from aijobs.budgets import notices, standing
from aijobs.budgets.standing import Standing
from aijobs.models import BudgetNotice
from citizenapp.tenants.access import Access

register = template.Library()


@register.simple_tag
def held_by_limit(access: Access) -> Standing | None:
    """The tenant's standing where nothing more of it is sent this month."""
    if access.tenant.limit_usd is None:
        return None
    found = standing.standing(access.tenant, timezone.now())
    return found if found.is_held else None


@register.simple_tag
def budget_notice(access: Access) -> BudgetNotice | None:
    """What owners and admins have not put away yet."""
    if access.tenant.budget_usd is None or not access.can_administer:
        return None
    return notices.open_notice(access.tenant, timezone.now())

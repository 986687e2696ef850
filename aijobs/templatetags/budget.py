"""What pages say of a tenant above everything else."""

from django import template
from django.utils import timezone

from aijobs.budgets.circumstances import Facts, facts_of
from citizenapp.tenants.access import Access

register = template.Library()


@register.simple_tag
def facts(access: Access) -> Facts:
    """What keeps its work from being sent, and what its owners should know. One query a page."""
    return facts_of(access.tenant, timezone.now())

"""What pages say of a tenant's webhooks above everything else."""

from django import template

from aijobs.models import Webhook
from citizenapp.tenants.access import Access

register = template.Library()


@register.simple_tag
def failed_webhook(access: Access) -> Webhook | None:
    """One that was switched off since nothing got through: for owners and admins."""
    if not access.can_administer:
        return None
    failed = Webhook.objects.of(access.tenant).filter(state=Webhook.State.FAILED)
    return failed.order_by("-pk").first()

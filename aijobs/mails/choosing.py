"""What a person wants to be told of a tenant: read and set."""

from collections.abc import Sequence

from aijobs.models import MailChoice
from citizenapp.tenants.models import Tenant, User


def kinds_of(tenant: Tenant, user: User) -> list[str]:
    """The kinds that the person chose; none where nothing was chosen."""
    choice = MailChoice.objects.of(tenant).filter(user=user).first()
    return list(choice.kinds) if choice else []


def choose(tenant: Tenant, user: User, kinds: Sequence[str], *, root: str) -> None:
    """Set all of it. With none, what waits to be sent is gone too.

    `root`: what links in e-mails begin with.
    """
    chosen = MailChoice.objects.of(tenant).filter(user=user)
    if not kinds:
        chosen.delete()
        return
    MailChoice.objects.update_or_create(
        tenant=tenant, user=user, defaults={"kinds": list(kinds), "root": root}
    )

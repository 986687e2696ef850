"""The demo tenant of local mode: people `demo` and `admin`, and one API key.

None of them can be used outside local mode: the people have no usable password and only
`DemoBackend`, which settings load in local mode alone, lets them in; the tenant is marked
as a demo, which `Tenant.objects.served()` leaves out elsewhere.
"""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.db import transaction
from django.http import HttpRequest

from citizenapp.tenants.models import APIKey, Membership, Role, Tenant, User

PEOPLE = {"demo": Role.OWNER, "admin": Role.ADMIN}


class DemoBackend(ModelBackend):
    """Lets `demo` / `demo` and `admin` / `admin` in. Local mode only."""

    def authenticate(
        self,
        request: HttpRequest | None,  # noqa: ARG002
        username: str | None = None,
        password: str | None = None,
        **kwargs: object,  # noqa: ARG002
    ) -> User | None:
        if not settings.LOCAL or username not in PEOPLE or password != username:
            return None
        user = User.objects.filter(username=username, memberships__tenant__is_demo=True).first()
        return user if user is not None and self.user_can_authenticate(user) else None


def is_of_demo(user: User) -> bool:
    """Whether somebody signs in by the demo's door, which has no password to change."""
    return settings.LOCAL and user.username in PEOPLE and not user.has_usable_password()


@transaction.atomic
def ensure_demo(key_file: Path) -> None:
    """Make the demo tenant if it is missing, and its key if `key_file` has none that works."""
    if not settings.LOCAL:
        raise RuntimeError("The demo tenant exists in local mode only: DATABASE_URL is set.")
    tenant, _ = Tenant.objects.get_or_create(
        slug="demo", defaults={"name": "Demo Insurance", "is_demo": True}
    )
    for username, role in PEOPLE.items():
        user, made = User.objects.get_or_create(
            username=username,
            defaults={"is_staff": username == "admin", "is_superuser": username == "admin"},
        )
        if made:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        Membership.objects.get_or_create(user=user, tenant=tenant, defaults={"role": role})
    if key_file.exists() and APIKey.objects.is_valid(key_file.read_text().strip()):
        return
    _, key = APIKey.objects.create_key(name="Demo key", tenant=tenant)
    key_file.touch(mode=0o600)
    key_file.write_text(key + "\n")

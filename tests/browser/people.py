"""People of the running product, made where no page makes them."""

from uuid import uuid4

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from tests.ground import Site


def add_person(site: Site, *, is_staff: bool = False) -> str:
    """A member of the demo workspace: the username, which is the password too.

    The address is <username>@example.com.
    """
    name = f"ada-{uuid4().hex[:8]}"
    password = PBKDF2PasswordHasher().encode(name, "salt", iterations=1_000)
    with site.database() as database:
        database.execute(
            """
            WITH person AS (
                INSERT INTO tenants_user (
                    username, email, password, first_name, last_name, date_joined,
                    is_active, is_staff, is_superuser
                ) VALUES (%s, %s, %s, '', '', now(), TRUE, %s, %s) RETURNING id
            )
            INSERT INTO tenants_membership (user_id, tenant_id, role, created_at)
            SELECT person.id, tenant.id, 'member', now()
            FROM person, tenants_tenant AS tenant WHERE tenant.slug = 'demo'
            """,
            (name, f"{name}@example.com", password, is_staff, is_staff),
        )
    return name


def add_tenant(site: Site) -> str:
    """A workspace with an owner: the name of both, which is the password too."""
    name = f"zoe-{uuid4().hex[:8]}"
    password = PBKDF2PasswordHasher().encode(name, "salt", iterations=1_000)
    with site.database() as database:
        database.execute(
            """
            WITH person AS (
                INSERT INTO tenants_user (
                    username, email, password, first_name, last_name, date_joined,
                    is_active, is_staff, is_superuser
                ) VALUES (%(name)s, '', %(password)s, '', '', now(), TRUE, FALSE, FALSE)
                RETURNING id
            ), tenant AS (
                INSERT INTO tenants_tenant (name, slug, is_active, is_demo, created_at)
                VALUES (%(name)s, %(name)s, TRUE, FALSE, now()) RETURNING id
            )
            INSERT INTO tenants_membership (user_id, tenant_id, role, created_at)
            SELECT person.id, tenant.id, 'owner', now() FROM person, tenant
            """,
            {"name": name, "password": password},
        )
    return name


def join_demo(site: Site, name: str) -> None:
    """Make somebody a member of the demo workspace as well."""
    with site.database() as database:
        database.execute(
            """
            INSERT INTO tenants_membership (user_id, tenant_id, role, created_at)
            SELECT person.id, tenant.id, 'member', now()
            FROM tenants_user AS person, tenants_tenant AS tenant
            WHERE person.username = %s AND tenant.slug = 'demo'
            """,
            [name],
        )

"""Keys that were there before versions were speak the first one."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from citizenapp.tenants import access
from citizenapp.tenants.api_versions import FIRST, NEWEST
from citizenapp.tenants.models import APIKey, Tenant
from tests.factories import make_key, make_tenant

BEFORE = ("tenants", "0006_deadlines")


def migrate(*targets: tuple[str, str]) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate([*targets] or executor.loader.graph.leaf_nodes())
    return MigrationExecutor(connection).loader.project_state([*targets]).apps


def make_old_key(old: Any, tenant: Tenant) -> str:
    key, prefix, digest = APIKey.objects.key_generator.generate()
    old.objects.create(
        id=f"{prefix}.{digest}", prefix=prefix, hashed_key=digest, name="old", tenant_id=tenant.pk
    )
    return str(key)


@pytest.mark.django_db(transaction=True)
def test_keys_that_exist_are_pinned_to_the_first_version() -> None:
    tenant = make_tenant()
    try:
        old = migrate(BEFORE).get_model("tenants", "APIKey")
        there = make_old_key(old, tenant)
    finally:
        migrate()
    # Another process does not know of the column yet.
    for key in (there, make_old_key(old, tenant)):
        found = access.of_key(key)
        assert found
        assert found.version == FIRST
    later = access.of_key(make_key(tenant))
    assert later
    assert later.version == NEWEST
    assert later.key
    assert later.actor == f"key {later.key}"

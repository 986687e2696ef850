"""What a row refers to is there: PostgreSQL itself sees to it."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models


def referring() -> list[tuple[str, str]]:
    """Table and column of each foreign key that our models declare."""
    fields: list[Any] = [  # Whether a field has a constraint is in no stub.
        field
        for label in ("aijobs", "tenants")
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey)
    ]
    return [
        (field.model._meta.db_table, str(field.column)) for field in fields if field.db_constraint
    ]


@pytest.mark.django_db
def test_each_reference_is_a_foreign_key_of_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, attname FROM pg_constraint"
            " JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
            " WHERE contype = 'f'"
        )
        there = set(cursor.fetchall())
    declared = referring()
    assert len(declared) > 15
    # The tenant of an input is that of its job, which has the foreign key.
    assert ("aijobs_jobinput", "tenant_id") not in declared
    assert [one for one in declared if one not in there] == []

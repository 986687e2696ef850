"""When a key was used last is known to the minute, and costs a write a minute."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from citizenapp.tenants import access
from citizenapp.tenants.models import APIKey
from tests.factories import make_key, make_tenant


@pytest.mark.django_db
def test_the_minute_of_its_use_is_written_down() -> None:
    key = make_key(make_tenant(), last_used_at=None)
    before = timezone.now()
    access.of_key(key)
    used = APIKey.objects.get().last_used_at
    assert used
    assert (used.second, used.microsecond) == (0, 0)
    assert before - timedelta(minutes=1) < used <= timezone.now()


@pytest.mark.django_db
def test_within_a_minute_it_is_written_once(django_assert_num_queries: Any) -> None:
    key = make_key(make_tenant(), last_used_at=timezone.now() - timedelta(minutes=2))
    with django_assert_num_queries(2):
        access.of_key(key)
    with django_assert_num_queries(1):
        access.of_key(key)


@pytest.mark.django_db
def test_a_key_that_does_not_hold_is_not_used() -> None:
    key = make_key(make_tenant(), last_used_at=None)
    access.of_key(key[:-1])
    APIKey.objects.update(revoked=True)
    access.of_key(key)
    assert APIKey.objects.get().last_used_at is None


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_who_writes_it(django_db_blocker: Any) -> None:
    """A call whose transaction is long holds the row: others leave it to that."""
    key = make_key(make_tenant(), last_used_at=None)
    other = connection.copy()
    try:
        with transaction.atomic():
            access.of_key(key)
            with other.cursor() as cursor:
                cursor.execute("SET statement_timeout = '1s'")
                minute = timezone.now().replace(second=0, microsecond=0)
                cursor.execute(access.NOTE_USE, {"prefix": key.partition(".")[0], "minute": minute})
                assert cursor.rowcount == 0
    finally:
        other.close()

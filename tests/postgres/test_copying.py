"""Rows reach their table as they were made, while the next ones are still being made."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from aijobs.models import AIJob, Collection, JobOutput, ids_from
from aijobs.postgres.copying import copy_rows
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_job, make_tenant

HARD = ["\ud800 alone", "a\0b", "line\u2028\r\n\tend", "\U0001f468\u200d\U0001f469", '\\N"\\u0000']
COLUMNS = ("id", "tenant_id", "name", "job_type", "total", "created_by", "created_at")


def collections(tenant: Tenant, names: Iterable[str]) -> Iterator[tuple[Any, ...]]:
    for key, name in zip(ids_from(NOW), names, strict=False):
        yield key, tenant.pk, name, "summarize", 1, "ann", NOW


@pytest.mark.django_db
@pytest.mark.parametrize("text", HARD)
def test_json_comes_out_as_it_went_in(text: str) -> None:
    job = make_job(make_tenant())
    result = {text: [text, 2**70, None, 0.1]}
    copy_rows(JobOutput, ("job_id", "model", "stop_reason", "result"), [(job.pk, "m", "s", result)])
    assert AIJob.objects.get(pk=job.pk).output.result == result


@pytest.mark.django_db
def test_text_and_moments_come_out_as_they_went_in() -> None:
    names = ["a\tb\\c\nd", "ü👩", ""]
    copy_rows(Collection, COLUMNS, collections(make_tenant(), names))
    stored = Collection.objects.order_by("pk").values_list("name", "created_at")
    assert list(stored) == [(name, NOW) for name in names]


@pytest.mark.django_db(transaction=True)
def test_an_error_while_rows_are_made_reaches_the_caller_and_nothing_is_stored() -> None:
    def names() -> Iterator[str]:
        yield "first"
        raise LookupError("second")

    rows = collections(make_tenant(), names())
    with pytest.raises(LookupError, match="second"), transaction.atomic():
        copy_rows(Collection, COLUMNS, rows)
    assert not Collection.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_postgresql_stores_rows_while_the_next_are_made() -> None:
    tenant, watching = make_tenant(), connection.copy()

    def names() -> Iterator[str]:
        for _ in range(20_000):
            yield "x" * 200
        deadline = time.monotonic() + 10
        with watching.cursor() as cursor:
            while True:
                cursor.execute("SELECT max(tuples_processed) FROM pg_stat_progress_copy")
                if cursor.fetchone()[0]:
                    break
                assert time.monotonic() < deadline
        yield "last"

    try:
        copy_rows(Collection, COLUMNS, collections(tenant, names()))
    finally:
        watching.close()
    assert Collection.objects.count() == 20_001

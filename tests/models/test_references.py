"""Nothing refers to what is not there, though busy tables have no foreign keys."""

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from aijobs.models import AIJob, Collection, JobInput, JobOutput, new_id
from tests.factories import NOW, make_job, make_output, make_tenant
from tests.models.rows import make_batch
from tests.models.test_constraints import make_charge

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"tenant_id": 999_999_999}, "tenant"),
        ({"collection_id": uuid.uuid4()}, "collection"),
        ({"batch_id": 999_999_999, "status": "submitted"}, "batch"),
    ],
)
def test_a_job_refers_to_what_is_there(fields: dict[str, Any], kind: str) -> None:
    tenant = make_tenant()
    with pytest.raises(IntegrityError, match=f"There is no {kind}"), transaction.atomic():
        make_job(tenant, **fields)
    job = make_job(tenant)
    with pytest.raises(IntegrityError, match=f"There is no {kind}"), transaction.atomic():
        AIJob.objects.filter(pk=job.pk).update(**fields)


def test_a_charge_refers_to_a_tenant_and_a_batch_that_are_there() -> None:
    job = make_job(make_tenant())
    wrong: dict[str, dict[str, Any]] = {"tenant": {"tenant_id": 0}, "batch": {"batch_id": 0}}
    for kind, fields in wrong.items():
        with pytest.raises(IntegrityError, match=f"There is no {kind}"), transaction.atomic():
            make_charge(job, **{"tenant_id": job.tenant_id, "tenant": None, **fields})


@pytest.mark.parametrize("table", ["tenants_tenant", "aijobs_collection", "aijobs_batch"])
def test_what_a_job_refers_to_stays(table: str) -> None:
    tenant, batch = make_tenant(), make_batch()
    collection = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="c", job_type="summarize", total=1, created_at=NOW
    )
    make_job(tenant, collection=collection, batch=batch, status="submitted")
    keys: dict[str, Any] = {"tenants_tenant": tenant.pk, "aijobs_collection": collection.pk}
    with (
        pytest.raises(IntegrityError, match="still referred to"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", [keys.get(table, batch.pk)])


def test_what_stands_beside_a_job_goes_with_it() -> None:
    job, other = make_job(make_tenant()), make_job(make_tenant())
    make_output(job)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM aijobs_aijob WHERE id = %s", [job.pk])
    assert [it.pk for it in JobInput.objects.all()] == [other.pk]
    assert not JobOutput.objects.exists()

"""Tags: one word whatever its capitals, held while it is given, gone with its last job."""

from datetime import timedelta

import pytest
from django.db import transaction

from aijobs.models import AIJob, JobTag, Tag
from aijobs.pipeline import erase, tag
from aijobs.reading.filters import JobFilter, filtered
from citizenapp.tenants.models import Tenant
from tests.beside import beside
from tests.factories import NOW, make_job, make_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def found(tenant: Tenant, name: str) -> set[AIJob]:
    return set(filtered(tenant, JobFilter(tag=name)))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("hail", "HAIL"),
        ("straße", "STRAẞE"),
        ("kilo", "\N{KELVIN SIGN}ilo"),
        ("ζημιεσ", "ΖΗΜΙΕΣ"),
        ("ärger", "ÄRGER"),
    ],
)
def test_capitals_make_no_other_tag_in_any_alphabet(
    tenant: Tenant, first: str, second: str
) -> None:
    jobs = {make_job(tenant), make_job(tenant)}
    for job, name in zip(jobs, (first, second), strict=True):
        assert tag.tag_job(job, name) == ""
    assert list(Tag.objects.values_list("name", flat=True)) == [first]
    for name in (first, second):
        assert found(tenant, name) == jobs
    for job in jobs:
        tag.untag_job(job, second)
    assert not Tag.objects.exists()


def test_what_looks_alike_is_found_by_its_own_name(tenant: Tenant) -> None:
    """Capitals that PostgreSQL and Python know differently lead nobody to the wrong jobs."""
    for name in ("ς", "σ", "ſ", "s"):
        job = make_job(tenant)
        tag.tag_job(job, name)
        assert found(tenant, name) == {job}


def test_a_tag_goes_with_the_last_job_that_bears_it(tenant: Tenant) -> None:
    one, other = (make_job(tenant, status="completed", finished_at=NOW) for _ in range(2))
    tag.tag_job(one, "hail")
    tag.tag_job(one, "Mr Smith")
    tag.tag_job(other, "hail")
    erase.erase_job(one, by="max", now=NOW + timedelta(hours=1))
    assert list(Tag.objects.values_list("name", flat=True)) == ["hail"]
    erase.erase_job(other, by="max", now=NOW + timedelta(hours=1))
    assert not Tag.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("gives_first", [True, False])
def test_a_tag_that_one_gives_while_another_takes_its_last_use_stays(
    tenant: Tenant, gives_first: bool
) -> None:
    old, new = make_job(tenant), make_job(tenant)
    tag.tag_job(old, "hail")

    def give() -> None:
        tag.tag_job(new, "hail")

    def take() -> None:
        tag.untag_job(old, "hail")

    first, second = (give, take) if gives_first else (take, give)
    transaction.set_autocommit(False)
    try:
        first()
        raised = beside(second, transaction.commit)
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    assert raised == []
    assert JobTag.objects.get().job_id == new.pk

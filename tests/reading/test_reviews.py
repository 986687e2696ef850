"""Corrections, comments and what each person has read: stored beside a result that stays."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aijobs.models import (
    AIJob,
    Collection,
    Comment,
    Correction,
    Outdated,
    ReadMark,
    Rerun,
    Seeding,
    new_id,
)
from aijobs.pipeline import erase
from aijobs.reading import reviews
from citizenapp.tenants.models import Tenant, User
from tests.factories import NOW, make_job, make_output, make_tenant, make_user

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def person(tenant: Tenant) -> User:
    return make_user("ann", tenant)


def done(tenant: Tenant) -> AIJob:
    job = make_job(tenant, status="completed", finished_at=NOW)
    make_output(job)
    return job


def test_all_that_people_made_of_a_result_is_read_at_once(tenant: Tenant, person: User) -> None:
    job, source, made = done(tenant), done(tenant), done(tenant)
    Correction.objects.add(job, {"summary": "A bear."}, after=0, by="ann", now=NOW)
    Comment.objects.add(job, "Why a bear?", by="ben", now=NOW)
    Comment.objects.add(job, "So it is.", by="ann", now=LATER)
    ReadMark.objects.add(job, person, NOW)
    Rerun.objects.create(job=job, tenant=tenant, source_id=source.pk)
    Rerun.objects.create(job=made, tenant=tenant, source_id=job.pk)
    with CaptureQueriesContext(connection) as captured:
        found = reviews.of_job(tenant, person, job.pk)
    assert len(captured) == 1
    assert found.corrected
    assert (found.corrected.result, found.corrected.by, found.corrected.at) == (
        {"summary": "A bear."},
        "ann",
        NOW,
    )
    assert [(one.by, one.text, one.at) for one in found.comments] == [
        ("ben", "Why a bear?", NOW),
        ("ann", "So it is.", LATER),
    ]
    assert (found.is_read, found.source, list(found.reruns)) == (True, source.pk, [made.pk])
    assert job.output.result == {"summary": "A fox."}
    assert not reviews.of_job(tenant, make_user("eve", tenant), job.pk).is_read
    assert reviews.of_job(make_tenant(), person, job.pk) == reviews.Review()


def test_the_last_correction_counts_until_it_is_taken_back(tenant: Tenant, person: User) -> None:
    job = done(tenant)
    for number, summary in enumerate(["A bear.", "A wolf."]):
        Correction.objects.add(job, {"summary": summary}, after=number, by="ann", now=NOW)
    assert reviews.corrections(tenant, [job.pk])[job.pk].result == {"summary": "A wolf."}
    Correction.objects.add(job, None, after=2, by="ann", now=NOW)
    found = reviews.of_job(tenant, person, job.pk)
    assert (found.corrected, found.corrections) == (None, 3)
    assert reviews.corrections(tenant, [job.pk]) == {}


def test_of_two_who_correct_at_once_the_second_learns_of_it(tenant: Tenant) -> None:
    job = done(tenant)
    Correction.objects.add(job, {"summary": "A bear."}, after=0, by="ann", now=NOW)
    with pytest.raises(Outdated):
        Correction.objects.add(job, {"summary": "A wolf."}, after=0, by="ben", now=NOW)
    assert Correction.objects.get().created_by == "ann"


def test_it_goes_with_the_job(tenant: Tenant, person: User) -> None:
    job, kept = done(tenant), done(tenant)
    for one in (job, kept):
        Correction.objects.add(one, {"summary": "A bear."}, after=0, by="ann", now=NOW)
        Comment.objects.add(one, "Why?", by="ann", now=NOW)
        ReadMark.objects.add(one, person, NOW)
        Rerun.objects.create(job=one, tenant=tenant, source_id=job.pk)
    assert erase.erase_job(job, by="ann", now=LATER) is None
    for rows in (Correction, Comment, ReadMark, Rerun):
        assert [row.job_id for row in rows._default_manager.all()] == [kept.pk]
    # What was made of it still says so, and nobody finds more there.
    assert reviews.of_job(tenant, person, kept.pk).source == job.pk
    assert not AIJob.objects.filter(pk=job.pk).exists()


def test_a_job_that_is_being_erased_is_named_no_more(tenant: Tenant, person: User) -> None:
    job, made = done(tenant), done(tenant)
    Rerun.objects.create(job=made, tenant=tenant, source_id=job.pk)
    AIJob.objects.filter(pk=made.pk).update(erasing_since=NOW)
    assert not reviews.of_job(tenant, person, job.pk).reruns


def test_the_job_that_goes_first_is_known(tenant: Tenant, person: User) -> None:
    job = done(tenant)
    collection = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="c", job_type="summarize", total=1, created_at=NOW
    )
    Seeding.objects.create(
        collection=collection, job_id=job.pk, model="m", prefix_sha256=b"", prefix_tokens=1,
        prompt_tokens=1, rows=2, without_usd=0, saving_usd=0, give_up_at=NOW,
    )  # fmt: skip
    assert reviews.of_job(tenant, person, job.pk).is_seed

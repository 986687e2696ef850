"""Several jobs that are queued together, as those of one upload are: all of them, or none."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from aijobs.budgets.standing import LimitReached
from aijobs.documents import Document
from aijobs.jobtypes import InvalidInput
from aijobs.models import AIJob, Question
from aijobs.pipeline import accept
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_tenant

Request = tuple[Mapping[str, object], Sequence[Document]]


def told(position: int, refusal: InvalidInput) -> None:
    raise AssertionError((position, refusal))


def queue_all(tenant: Tenant, requests: Iterator[Request], **how: Any) -> list[AIJob]:
    asked: dict[str, Any] = {"now": NOW, "created_by": "ann", "refused": told, **how}
    return accept.accept_jobs(tenant, "summarize", requests, **asked)


def asking(*texts: str) -> Iterator[Request]:
    return (({"document_text": text}, ()) for text in texts)


@pytest.fixture
def told_just_now(transactional_db: None) -> Iterator[None]:
    """As in the 250 ms after a tenant was told of new jobs: who adds more does not tell again.

    Otherwise two uploads would wait for each other in the row that says when it was told.
    """

    def switch(how: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE aijobs_aijob {how} TRIGGER notify_jobs_added")

    switch("DISABLE")
    yield
    switch("ENABLE")


@pytest.mark.usefixtures("told_just_now")
@pytest.mark.parametrize("limit", [None, Decimal(100)])
def test_two_uploads_of_the_same_in_another_order_do_not_wait_for_each_other(
    limit: Decimal | None,
) -> None:
    tenant = make_tenant(repeat_days=30, limit_usd=limit)
    together = Barrier(2, timeout=20)

    def in_step(*texts: str) -> Iterator[Request]:
        """The second one follows when both clients have stored their first."""
        for number, request in enumerate(asking(*texts)):
            if number == 1:
                together.wait()
            yield request

    def upload(texts: Sequence[str]) -> int:
        try:
            return len(queue_all(tenant, in_step(*texts)))
        finally:
            connection.close()

    texts = ["Hail.", "Fire.", "Wind."]
    with ThreadPoolExecutor(2) as clients:
        assert list(clients.map(upload, [texts, texts[::-1]])) == [3, 3]
    # Each question is sent once, and its twin waits for the result.
    assert AIJob.objects.filter(answered_by=None).count() == 3
    assert AIJob.objects.exclude(answered_by=None).count() == 3
    assert Question.objects.count() == 3


@pytest.mark.django_db
def test_they_stand_in_the_order_in_which_they_came() -> None:
    tenant = make_tenant(repeat_days=30)
    jobs = queue_all(tenant, asking("Hail.", "Fire.", "Hail."))
    assert [job.pk for job in AIJob.objects.order_by("pk")] == [job.pk for job in jobs]
    first, second, twin = jobs
    assert (first.answered_by, second.answered_by, twin.answered_by) == (None, None, first.pk)


@pytest.mark.django_db
def test_one_that_is_bad_lets_none_be_queued_and_each_is_named() -> None:
    refused: list[int] = []
    jobs = queue_all(
        make_tenant(),
        asking("Hail.", "", "Fire.", ""),
        refused=lambda position, _: refused.append(position),
    )
    assert (jobs, refused) == ([], [1, 3])
    assert not AIJob.objects.exists()


@pytest.mark.django_db
def test_a_limit_counts_all_of_them() -> None:
    tenant = make_tenant(repeat_days=30)
    [one] = queue_all(tenant, asking("Policy 0."))
    tenant.limit_usd = Decimal("0.01")
    tenant.save()
    fitting = int(tenant.limit_usd / one.reserved_usd) - 1
    texts = [f"Policy {n}." for n in range(1, fitting + 2)]
    with pytest.raises(LimitReached):
        queue_all(tenant, asking(*texts))
    assert AIJob.objects.get() == one
    assert len(queue_all(tenant, asking(*texts[:fitting]))) == fitting

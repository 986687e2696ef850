"""A commit reaches the sockets of its tenant, and no others."""

import time

from django.db import transaction

from aijobs.models import AIJob
from tests.factories import NOW, make_job, make_key, make_tenant, make_user
from tests.live.ground import Live, heard, statuses, until_resync, with_key, with_session


def test_a_committed_change_reaches_the_page(live: Live) -> None:
    tenant = make_tenant()
    with live.listening(with_session(make_user("ada", tenant))) as page:
        job = make_job(tenant)
        assert heard(page) == {
            "type": "job.changed",
            "changes": [{"job_id": str(job.pk), "status": "queued", "collection_id": None}],
        }
        job.mark_canceled(NOW)
        assert statuses(page) == [(str(job.pk), "canceled")]


def test_a_page_learns_for_how_long_nothing_changed(live: Live) -> None:
    tenant, other = make_tenant(), make_tenant()
    headers = with_session(make_user("ada", tenant))

    def quiet_seconds() -> float:
        with live.connect(headers, "/ws/jobs/?quiet") as page:
            first = heard(page)
        assert first.keys() == {"type", "quiet_seconds"}
        assert first["type"] == "resync"
        return float(first["quiet_seconds"])

    with live.listening(headers) as page:
        made_at = time.monotonic()
        make_job(tenant)
        statuses(page)
        until_resync(page)  # After an addition the rows are looked at once more.
        first = quiet_seconds()
        assert 0 <= first <= time.monotonic() - made_at
        time.sleep(0.3)
        make_job(other)
        assert first + 0.3 < quiet_seconds() <= time.monotonic() - made_at


def test_an_api_key_listens_too(live: Live) -> None:
    tenant = make_tenant()
    with live.listening(with_key(make_key(tenant, "viewer"))) as program:
        job = make_job(tenant)
        assert statuses(program) == [(str(job.pk), "queued")]


def test_a_tenant_hears_of_its_own_jobs_only(live: Live) -> None:
    ours, theirs = make_tenant(), make_tenant()
    with live.listening(with_session(make_user("ada", ours))) as page:
        make_job(theirs)
        own = make_job(ours)
        assert statuses(page) == [(str(own.pk), "queued")]


def test_one_transaction_makes_one_message(live: Live) -> None:
    tenant = make_tenant()
    with live.listening(with_key(make_key(tenant))) as page:
        with transaction.atomic():
            first, second = make_job(tenant), make_job(tenant)
            second.mark_canceled(NOW)
        assert sorted(statuses(page)) == sorted(
            [(str(first.pk), "queued"), (str(second.pk), "canceled")]
        )


def test_a_mass_change_is_told_as_a_resync(live: Live) -> None:
    tenant = make_tenant()
    for _ in range(60):
        make_job(tenant)
    with live.listening(with_key(make_key(tenant))) as page:
        AIJob.objects.of(tenant).update(status=AIJob.Status.CANCELED, finished_at=NOW)
        assert heard(page) == {"type": "resync"}


def test_what_was_not_told_by_name_is_seen_a_moment_later(live: Live) -> None:
    tenant = make_tenant()
    with live.listening(with_key(make_key(tenant))) as page:
        first = make_job(tenant)
        make_job(tenant)
        assert statuses(page) == [(str(first.pk), "queued")]
        until_resync(page)

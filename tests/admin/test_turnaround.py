"""Staff see how long batches take, and how far what was promised came true."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from aijobs.models import Batch
from aijobs.turnaround.model import LEVELS
from tests.admin.rows import page
from tests.factories import NOW, make_batch, make_tenant, make_user
from tests.pipeline.history import ended

pytestmark = pytest.mark.django_db

TURNAROUND = "aijobs_batch_turnaround"
PROMISED = [600 * level for level in LEVELS]


def test_before_there_is_any_history_it_tells_what_was_published(staff: Client) -> None:
    shown = page(staff, TURNAROUND)
    assert "No batch was settled so far" in shown
    assert "No batch was canceled" in shown
    assert "100,000" in shown


def test_the_chart_and_its_table_say_how_many_kept_what_was_promised(staff: Client) -> None:
    ended(65.0, batches=3, promised=100.0)
    ended(200.0, batches=1, promised=100.0)
    answer = staff.get("/admin/aijobs/batch/turnaround/")
    columns = {one.level: one for one in answer.context["columns"]}
    assert list(columns) == ["5 %", "10 %", "25 %", "50 %", "75 %", "80 %", "90 %", "95 %", "99 %"]
    assert (columns["50 %"].share, columns["75 %"].share) == ("0 %", "75 %")
    assert (columns["75 %"].y, columns["75 %"].mark) == (25.0, 25.0)
    assert (columns["99 %"].y, columns["99 %"].mark) == (25.0, 1.0)
    shown = answer.content.decode()
    assert "latest 4 batches that were settled, 3 of 4 (75 %) ended between" in shown


def test_the_overview_leads_there_and_tells_of_slow_batches(staff: Client) -> None:
    assert 'href="/admin/aijobs/batch/turnaround/"' in page(staff, "index")
    ended(500.0, batches=5, now=timezone.now() + timedelta(days=1, minutes=-1), promised=100.0)
    told = "Batches take about 10 times as long as usual at the moment."
    assert told in page(staff, "index")
    assert told in page(staff, TURNAROUND)


def test_rescued_batches_are_listed(staff: Client) -> None:
    batch = make_batch("settled", rescued_at=NOW, needed_by=NOW, succeeded=7)
    shown = page(staff, TURNAROUND)
    assert f'href="/admin/aijobs/batch/{batch.pk}/change/"' in shown
    assert "2026-11-02 09:00" in shown


def test_others_see_nothing_of_it(client: Client) -> None:
    client.force_login(make_user("max", make_tenant(), role="owner"))
    assert client.get("/admin/aijobs/batch/turnaround/").status_code == 302


def test_a_batch_says_what_was_promised_and_when_it_would_be_rescued(staff: Client) -> None:
    now = timezone.now()
    batch = make_batch(
        "submitted",
        submitted_at=now,
        needed_by=now + timedelta(hours=4),
        promised_seconds=PROMISED,
        foreseen_seconds=PROMISED,
    )
    shown = page(staff, "aijobs_batch_change", batch.pk)
    assert "9 minutes" in shown
    assert "At the usual 95 %, it is canceled from 20" in shown
    assert "less likely than that to be in time" in shown
    assert "with a probability of 99 % now" in shown or "with a probability of 100 % now" in shown
    Batch.objects.update(status="canceling", rescued_at=now, canceling_at=now)
    assert "for it would have been late" in page(staff, "aijobs_batch_change", batch.pk)


def test_no_moment_before_a_batch_was_assembled_is_named(staff: Client) -> None:
    now = timezone.now()
    batch = make_batch(
        "submitted",
        assembled_at=now,
        submitted_at=now,
        needed_by=now + timedelta(seconds=5),
        promised_seconds=PROMISED,
        foreseen_seconds=PROMISED,
    )
    assert "it is canceled at any time" in page(staff, "aijobs_batch_change", batch.pk)


def test_a_batch_that_has_ended_is_not_rescued_any_more(staff: Client) -> None:
    now = timezone.now()
    batch = make_batch("ended", submitted_at=now, needed_by=now + timedelta(hours=4))
    assert "it is canceled" not in page(staff, "aijobs_batch_change", batch.pk)


def test_canceling_has_a_table_of_its_own(staff: Client) -> None:
    shown = page(staff, TURNAROUND)
    assert "How long canceling takes" in shown
    assert shown.count('class="sheet" tabindex="0" role="region"') >= 2


def test_a_batch_without_a_deadline_is_never_rescued(staff: Client) -> None:
    batch = make_batch("submitted")
    assert "it is canceled" not in page(staff, "aijobs_batch_change", batch.pk)

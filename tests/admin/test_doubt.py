"""Staff decide about a batch in doubt, and know what they risk."""

from datetime import UTC, datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from aijobs.models import Batch, Submission
from aijobs.submissions import identity
from tests.admin.rows import act, page, told
from tests.admin.test_permissions import make_staff
from tests.factories import make_batch, make_submission
from tests.ground import Emulator
from tests.pipeline.steps import hold, queue
from tests.pipeline.strangers import make_stranger, send_into_doubt


def doubtful(emulator: Emulator) -> Batch:
    """A batch that Anthropic has, beside a stranger's that looks like it."""
    hold(emulator)
    now = datetime.now(UTC)
    queue(now=now.replace(year=now.year - 1))
    batch = send_into_doubt(emulator, now, made=True)
    make_stranger()
    return batch


def test_the_page_of_an_adoption_says_what_is_at_stake_and_offers_what_fits(
    staff: Client, emulator: Emulator
) -> None:
    batch = doubtful(emulator)
    ours, theirs = (one["id"] for one in emulator.control("GET", "batches"))
    text = act(staff, "batch", "adopt", batch.pk, confirmed=False).content.decode()
    assert "The risk." in text
    assert f"{identity.current(batch).nonce}-" in text
    assert f'value="{ours}"' in text
    assert f'value="{theirs}"' in text
    batch.refresh_from_db()
    assert batch.status == "unconfirmed", "It asks first."


@pytest.mark.parametrize("field", ["remote_id", "other_id"])
def test_the_chosen_batch_is_adopted_and_the_record_says_so(
    staff: Client, emulator: Emulator, field: str
) -> None:
    batch = doubtful(emulator)
    ours = emulator.control("GET", "batches")[0]["id"]
    assert told(act(staff, "batch", "adopt", batch.pk, **{field: ours})) == [f"Adopted {ours}: 1."]
    batch.refresh_from_db()
    assert (batch.status, batch.remote_id) == ("submitted", ours)
    assert LogEntry.objects.get().get_change_message() == f"Adopted {ours}"


def test_what_cannot_be_it_is_not_adopted(staff: Client, emulator: Emulator) -> None:
    batch = doubtful(emulator)
    larger = make_stranger(2)
    for remote_id, reason in (
        (larger, "It holds 2 requests, not 1."),
        ("msgbatch_nowhere", "Anthropic does not show it"),
        ("", "Name a batch of Anthropic's."),
    ):
        [message] = told(act(staff, "batch", "adopt", batch.pk, remote_id=remote_id))
        assert reason in message
    batch.refresh_from_db()
    assert batch.status == "unconfirmed"


def test_only_one_batch_in_doubt_is_adopted_for_at_a_time(staff: Client) -> None:
    one, other = make_batch("unconfirmed"), make_batch("unconfirmed")
    settled = make_batch("settled")
    for chosen in ([one.pk, other.pk], [settled.pk]):
        assert told(act(staff, "batch", "adopt", *chosen, remote_id="x")) == [
            "Choose one batch that is unconfirmed."
        ]


def test_a_release_asks_first_and_is_remembered(staff: Client, emulator: Emulator) -> None:
    batch = doubtful(emulator)
    text = act(staff, "batch", "release", batch.pk, confirmed=False).content.decode()
    assert "charges for both" in text
    assert told(act(staff, "batch", "release", batch.pk)) == ["Released for a new submission: 1."]
    batch.refresh_from_db()
    assert batch.status == "assembled"
    assert Submission.objects.get(state="released").released_by == "root"
    assert "root" in page(staff, "aijobs_batch_change", batch.pk)
    assert told(act(staff, "batch", "release", batch.pk)) == [
        "Left as they were: 1. Only a batch in doubt is released, not one that is assembled."
    ]


@pytest.mark.usefixtures("db")
def test_who_may_only_look_decides_nothing() -> None:
    clerk = make_staff("view_batch")
    batch = make_batch("unconfirmed")
    for action in ("adopt", "release", "seen"):
        act(clerk, "batch", action, batch.pk, remote_id="msgbatch_1")
    batch.refresh_from_db()
    assert batch.status == "unconfirmed"


def test_what_needs_a_person_stands_on_the_overview_until_it_was_seen(staff: Client) -> None:
    batch = make_batch("settled", needs_attention="Its results are gone.")
    make_batch("settled")
    assert "Its results are gone." in page(staff, "index")
    text = page(staff, "aijobs_batch_changelist", attention="needed")
    assert text.count('class="action-select"') == 1
    assert told(act(staff, "batch", "seen", batch.pk)) == ["Marked as seen: 1."]
    assert "Its results are gone." not in page(staff, "index")


def test_a_duplicate_stands_on_the_overview_with_what_it_cost(staff: Client) -> None:
    now = datetime.now(UTC)
    duplicate = make_submission(
        make_batch("settled"),
        "duplicate",
        remote_id="msgbatch_late",
        requests=7,
        found_at=now,
        ended_at=now,
        succeeded=3,
        cost_usd="0.25",
    )
    text = page(staff, "index")
    assert "msgbatch_late" in text
    assert "3 of 7 requests charged" in text
    assert "$0.2500000000" in page(staff, "aijobs_submission_change", duplicate.pk)

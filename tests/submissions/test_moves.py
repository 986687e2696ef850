"""A submission and its batch move together or not at all, and only from where they may."""

import inspect
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any, NamedTuple

import pytest
from django.db.models import QuerySet

from aijobs.gateway import RemoteBatch
from aijobs.models import Batch, Submission, new_nonce
from aijobs.submissions import moves
from tests.factories import NOW, make_batch, make_job, make_submission, make_tenant

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=1)
EXPIRES = NOW + timedelta(days=1)
STATES, STATUSES = Submission.State.values, Batch.Status.values


class Joint(NamedTuple):
    """A move of both: from which batches and submissions, and to which."""

    move: Callable[[Submission], bool]
    statuses: set[str]
    states: set[str]
    status: str
    state: str


JOINT = {
    "confirm": Joint(
        lambda one: moves.confirm(one, "msgbatch_new", EXPIRES, LATER),
        {"submitting", "unconfirmed", "assembled"},
        {"sending", "in_doubt"},
        "submitted",
        "confirmed",
    ),
    "take_back": Joint(
        lambda one: moves.take_back(one, LATER, "why"),
        {"submitting", "unconfirmed"},
        {"sending", "in_doubt"},
        "assembled",
        "unsent",
    ),
    "reject": Joint(
        lambda one: moves.reject(one, LATER, "why"),
        {"submitting"},
        {"sending", "in_doubt"},
        "rejected",
        "unsent",
    ),
    "doubt": Joint(
        lambda one: moves.doubt(one, LATER, "why"),
        {"submitting"},
        {"sending"},
        "unconfirmed",
        "in_doubt",
    ),
    "release": Joint(
        lambda one: moves.release(one, LATER, "why", by="ann"),
        {"unconfirmed"},
        {"in_doubt"},
        "assembled",
        "released",
    ),
    "adopt": Joint(
        lambda one: moves.adopt(one, "msgbatch_new", EXPIRES, LATER),
        {"submitting", "unconfirmed", "assembled"},
        {"in_doubt", "released"},
        "submitted",
        "adopted",
    ),
    "disown": Joint(
        lambda one: moves.disown(one, LATER, "why"),
        {"ended"},
        {"adopted"},
        "unconfirmed",
        "in_doubt",
    ),
}


def combinations() -> list[tuple[str, str, str]]:
    """Each move with each status and state; what has no id at Anthropic cannot be given back."""
    return [
        (name, status, state)
        for name, status, state in product(JOINT, STATUSES, STATES)
        if name != "disown" or state in Submission.THERE
    ]


def pair(status: str, state: str) -> Submission:
    """A submission in a state whose batch is in a status, be it that both agree or not."""
    batch = make_batch()
    Batch.objects.filter(pk=batch.pk).update(status=status)
    return fresh(make_submission(batch, state))


def fresh(submission: Submission) -> Submission:
    return Submission.objects.select_related("batch").get(pk=submission.pk)


def stored(*submissions: Submission) -> list[Any]:
    """Every column of the rows and of their batches."""
    rows: tuple[QuerySet[Any], ...] = (
        Submission.objects.filter(pk__in=[one.pk for one in submissions]),
        Batch.objects.filter(pk__in=[one.batch_id for one in submissions]),
    )
    return [row for some in rows for row in some.order_by("pk").values()]


def store_intent(batch: Batch, requests: int = 1) -> Submission | None:
    return moves.store_intent(
        batch, new_nonce(), watermark="msgbatch_7", requests=requests, request_bytes=50, now=LATER
    )


def test_every_move_there_is_is_tried_here() -> None:
    public = {
        name
        for name, value in vars(moves).items()
        if inspect.isfunction(value) and value.__module__ == moves.__name__ and name[0] != "_"
    }
    assert public == {*JOINT, "store_intent", "exchange", "turn_up"}


@pytest.mark.parametrize(("name", "status", "state"), combinations())
def test_both_move_or_neither(name: str, status: str, state: str) -> None:
    joint = JOINT[name]
    submission = pair(status, state)
    late, before = fresh(submission), stored(submission)
    expected = status in joint.statuses and state in joint.states
    assert joint.move(submission) is expected
    now = fresh(submission)
    if expected:
        assert (now.batch.status, now.state) == (joint.status, joint.state)
    else:
        assert stored(submission) == before
    # What the caller holds says what is stored.
    assert (submission.batch.status, submission.state) == (now.batch.status, now.state)
    # A worker that was held up between its question and this moves nothing.
    before = stored(submission)
    assert not joint.move(late)
    assert stored(submission) == before
    assert (late.batch.status, late.state) == (now.batch.status, now.state)


@pytest.mark.parametrize("now", STATUSES)
@pytest.mark.parametrize("name", JOINT)
def test_a_worker_that_was_held_up_moves_no_later_submission(name: str, now: str) -> None:
    """Its own came to nothing, and its batch was sent again meanwhile."""
    joint = JOINT[name]
    late = pair(now, "unsent")
    later = make_submission(late.batch)
    for status, state in product(sorted(joint.statuses), sorted(joint.states)):
        held_up, before = fresh(late), stored(later, late)
        # As it has the rows in its memory.
        held_up.state, held_up.batch.status = state, status
        held_up.remote_id = "msgbatch_then" if state in Submission.THERE else None
        assert not joint.move(held_up)
        assert stored(later, late) == before


@pytest.mark.parametrize("status", STATUSES)
def test_an_intent_is_stored_for_an_assembled_batch_alone(status: str) -> None:
    batch = make_batch()
    Batch.objects.filter(pk=batch.pk).update(status=status)
    late = Batch.objects.get(pk=batch.pk)
    submission = store_intent(Batch.objects.get(pk=batch.pk))
    assert (submission is not None) is (status == "assembled")
    if submission:
        now = fresh(submission)
        assert (now.state, now.watermark, now.sent_at) == ("sending", "msgbatch_7", LATER)
        assert now.batch.status == "submitting"
    count = Submission.objects.count()
    assert store_intent(late) is None
    assert Submission.objects.count() == count


def test_a_body_that_a_job_left_since_is_not_intended() -> None:
    batch = make_batch(requests=2)
    late = Batch.objects.get(pk=batch.pk)
    assert batch.mark_reduced(1)
    assert store_intent(late, requests=2) is None
    assert not Submission.objects.exists()
    assert Batch.objects.get(pk=batch.pk).status == "assembled"
    assert store_intent(batch)


def test_no_two_submissions_adopt_the_same_batch() -> None:
    first, second = pair("unconfirmed", "in_doubt"), pair("unconfirmed", "in_doubt")
    assert moves.adopt(first, "msgbatch_1", EXPIRES, LATER)
    before = stored(second)
    assert not moves.adopt(second, "msgbatch_1", EXPIRES, LATER)
    assert stored(second) == before
    assert (second.state, second.batch.status) == ("in_doubt", "unconfirmed")


def test_what_was_given_up_is_not_adopted_beside_what_was_sent_in_its_place() -> None:
    lost = pair("assembled", "released")
    make_submission(lost.batch)
    before = stored(lost)
    assert not moves.adopt(lost, "msgbatch_1", EXPIRES, LATER)
    assert stored(lost) == before


@pytest.mark.parametrize("owner_state", STATES)
def test_what_is_given_back_to_an_owner_is_its_duplicate_or_nothing_moves(
    owner_state: str,
) -> None:
    submission, owner = pair("ended", "adopted"), pair("settled", owner_state)
    remote_id = submission.remote_id
    before = stored(submission, owner)
    moved = moves.disown(submission, LATER, "why", owner)
    assert moved is (owner_state == "released")
    if moved:
        assert fresh(submission).state == "in_doubt"
        now = fresh(owner)
        assert (now.state, now.remote_id, now.found_at) == ("duplicate", remote_id, LATER)
    else:
        assert stored(submission, owner) == before


@pytest.mark.parametrize(
    ("state", "earlier_state"),
    [
        (state, earlier)
        for state, earlier in product(STATES, STATES)
        # What has no id at Anthropic cannot be exchanged, and two are never current.
        if state in Submission.THERE and not {state, earlier} <= {*Submission.CURRENT}
    ],
)
def test_a_batch_stands_by_the_earlier_submission_or_nothing_moves(
    state: str, earlier_state: str
) -> None:
    submission = pair("ended", state)
    earlier = fresh(make_submission(submission.batch, earlier_state))
    remote_id = submission.remote_id
    late, before = fresh(submission), stored(submission, earlier)
    expected = state == "adopted" and earlier_state == "released"
    assert moves.exchange(submission, earlier, LATER) is expected
    if expected:
        assert (fresh(submission).state, fresh(submission).remote_id) == ("released", None)
        assert (fresh(earlier).state, fresh(earlier).remote_id) == ("adopted", remote_id)
        assert fresh(earlier).batch.status == "ended"
        before = stored(submission, earlier)
        assert not moves.exchange(late, fresh(earlier), LATER)
    assert stored(submission, earlier) == before


@pytest.mark.parametrize("move", ["disown", "exchange"])
def test_what_was_adopted_since_is_not_given_back_for_what_was_adopted_before(move: str) -> None:
    """A worker was held up with the results of a batch that was given back meanwhile."""
    late = pair("ended", "adopted")
    earlier = fresh(make_submission(late.batch, "released"))
    now = fresh(late)
    assert moves.disown(now, LATER, "why")
    assert moves.adopt(now, "msgbatch_right", EXPIRES, LATER)
    assert now.batch.mark_ended(now, LATER, {"succeeded": 1})
    before = stored(late, earlier)
    if move == "disown":
        assert not moves.disown(late, LATER, "why")
    else:
        assert not moves.exchange(late, earlier, LATER)
    assert stored(late, earlier) == before


def turn_up(lost: Submission) -> None:
    """It shows at Anthropic, where it runs."""
    remote = RemoteBatch(
        id="msgbatch_late",
        status="in_progress",
        processing=1,
        succeeded=0,
        errored=0,
        canceled=0,
        expired=0,
        created_at=NOW,
        ended_at=None,
        expires_at=EXPIRES,
    )
    moves.turn_up(lost, remote, LATER)


def test_what_turns_up_whole_before_its_batch_was_sent_again_is_adopted() -> None:
    lost = pair("assembled", "released")
    make_job(make_tenant(), batch=lost.batch, status="submitted")
    turn_up(lost)
    now = fresh(lost)
    assert (now.state, now.batch.status, now.remote_id) == ("adopted", "submitted", "msgbatch_late")


def test_what_turns_up_after_a_job_left_is_one_too_many() -> None:
    lost = pair("assembled", "released")
    turn_up(lost)
    now = fresh(lost)
    assert (now.state, now.batch.status) == ("duplicate", "assembled")


@pytest.mark.parametrize("status", [one for one in STATUSES if one != "assembled"])
def test_what_turns_up_after_its_batch_was_sent_again_is_one_too_many(status: str) -> None:
    lost = pair(status, "released")
    make_job(make_tenant(), batch=lost.batch, status="submitted")
    turn_up(lost)
    now = fresh(lost)
    assert (now.state, now.batch.status, now.found_at) == ("duplicate", status, LATER)


@pytest.mark.parametrize("state", [one for one in STATES if one != "released"])
def test_what_was_not_given_up_does_not_turn_up(state: str) -> None:
    """Somebody else decided meanwhile."""
    lost = pair("settled", state)
    before = stored(lost)
    turn_up(lost)
    assert stored(lost) == before

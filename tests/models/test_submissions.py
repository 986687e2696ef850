"""A submission: what the database refuses, and the moves from each state."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from aijobs.models import StrangerBatch, Submission, new_nonce
from tests.factories import NOW, make_batch, make_submission

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=1)
STATES = Submission.State.values

Move = tuple[Callable[[Submission], bool], set[str], str]

MOVES: dict[str, Move] = {
    "mark_unsent": (lambda s: s.mark_unsent(), {"sending", "in_doubt"}, "unsent"),
    "mark_in_doubt": (lambda s: s.mark_in_doubt(LATER), {"sending"}, "in_doubt"),
    "mark_confirmed": (
        lambda s: s.mark_confirmed("msgbatch_new"),
        {"sending", "in_doubt"},
        "confirmed",
    ),
    "mark_adopted": (
        lambda s: s.mark_adopted("msgbatch_new"),
        {"in_doubt", "released"},
        "adopted",
    ),
    "mark_disowned": (lambda s: s.mark_disowned(LATER), {"adopted"}, "in_doubt"),
    "mark_released": (
        lambda s: s.mark_released(LATER, "ann"),
        {"in_doubt"},
        "released",
    ),
    "mark_mistaken": (lambda s: s.mark_mistaken(), {"duplicate"}, "released"),
    "mark_superseded": (lambda s: s.mark_superseded(LATER), {"adopted"}, "released"),
    "mark_duplicate": (
        lambda s: s.mark_duplicate("msgbatch_new", LATER),
        {"released"},
        "duplicate",
    ),
}
# Moves by which a batch at Anthropic is its no more, and from where.
GIVEN_BACK = {
    "mark_disowned": "adopted",
    "mark_superseded": "adopted",
    "mark_mistaken": "duplicate",
}


def test_every_move_there_is_is_tried_here() -> None:
    assert {name for name in vars(Submission) if name.startswith("mark_")} == set(MOVES)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", MOVES)
def test_a_submission_moves_only_from_where_it_may(name: str, state: str) -> None:
    move, allowed, new = MOVES[name]
    submission = make_submission(make_batch(), state)
    late = Submission.objects.get(pk=submission.pk)
    expected = state in allowed
    assert move(submission) is expected
    assert submission.state == (new if expected else state)
    assert Submission.objects.get(pk=submission.pk).state == submission.state
    # Whoever comes second with the same intent is told so, and changes nothing.
    assert not move(late)
    assert Submission.objects.get(pk=submission.pk).state == submission.state


@pytest.mark.parametrize("state", STATES)
def test_only_a_doubt_is_prolonged(state: str) -> None:
    submission = make_submission(make_batch(), state, doubt_at=NOW)
    assert submission.prolong_doubt(LATER) is (state == "in_doubt")
    submission.refresh_from_db()
    assert submission.doubt_at == (LATER if state == "in_doubt" else NOW)


def test_a_doubt_that_begins_later_is_not_brought_forward() -> None:
    submission = make_submission(make_batch(), "in_doubt", doubt_at=LATER)
    assert submission.prolong_doubt(NOW)
    submission.refresh_from_db()
    assert submission.doubt_at == LATER


def test_a_move_stores_what_belongs_to_it() -> None:
    submission = make_submission(make_batch())
    assert submission.mark_in_doubt(LATER)
    assert submission.mark_released(LATER, "ann")
    submission.refresh_from_db()
    assert (submission.doubt_at, submission.released_at, submission.released_by) == (
        LATER,
        LATER,
        "ann",
    )
    assert submission.mark_duplicate("msgbatch_late", LATER)
    submission.refresh_from_db()
    assert (submission.remote_id, submission.found_at) == ("msgbatch_late", LATER)
    assert (submission.released_at, submission.released_by) == (LATER, "ann"), "It stays history."


def test_what_is_given_back_is_known_at_anthropic_no_more() -> None:
    for name, state in GIVEN_BACK.items():
        submission = make_submission(make_batch(), state)
        move, _, _ = MOVES[name]
        assert move(submission)
        submission.refresh_from_db()
        assert submission.remote_id is None


@pytest.mark.parametrize("name", GIVEN_BACK)
def test_what_was_taken_for_it_since_is_not_given_back(name: str) -> None:
    state = GIVEN_BACK[name]
    late = make_submission(make_batch(), state)
    Submission.objects.filter(pk=late.pk).update(remote_id="msgbatch_right")
    move, _, _ = MOVES[name]
    assert not move(late)
    late.refresh_from_db()
    assert (late.state, late.remote_id) == (state, "msgbatch_right")


def test_what_is_adopted_was_never_given_up() -> None:
    submission = make_submission(make_batch(), "released", released_by="ann")
    assert submission.mark_adopted("msgbatch_1")
    submission.refresh_from_db()
    assert (submission.remote_id, submission.released_at, submission.released_by) == (
        "msgbatch_1",
        None,
        "",
    )


@pytest.mark.parametrize("state", STATES)
def test_anthropics_id_is_known_exactly_while_it_is_there(state: str) -> None:
    submission = make_submission(make_batch(), state)
    assert (submission.remote_id is not None) is (state in Submission.THERE)
    contrary: dict[str, Any] = {"remote_id": None if submission.remote_id else "msgbatch_x"}
    with (
        pytest.raises(IntegrityError, match="submission_remote_id_when_there"),
        transaction.atomic(),
    ):
        Submission.objects.filter(pk=submission.pk).update(**contrary)


def test_a_submission_is_in_a_state_that_is_known() -> None:
    make_submission(make_batch())
    with (
        # Which of two constraints speaks first is PostgreSQL's choice.
        pytest.raises(IntegrityError, match=r"submission_state_known|submission_remote_id"),
        transaction.atomic(),
    ):
        Submission.objects.update(state="lost")


@pytest.mark.parametrize("second", STATES)
@pytest.mark.parametrize("first", STATES)
def test_a_batch_stands_by_one_submission_at_a_time(first: str, second: str) -> None:
    batch = make_batch()
    make_submission(batch, first)
    if first in Submission.CURRENT and second in Submission.CURRENT:
        with (
            pytest.raises(IntegrityError, match="submission_one_current_a_batch"),
            transaction.atomic(),
        ):
            make_submission(batch, second)
    else:
        make_submission(batch, second)
    make_submission(make_batch(), second)  # Other batches have their own.


def test_a_batch_knows_the_submission_by_which_it_stands() -> None:
    batch = make_batch()
    make_submission(batch, "unsent")
    make_submission(batch, "released")
    make_submission(batch, "duplicate", remote_id="msgbatch_late")
    assert (batch.submission, batch.remote_id) == (None, None)
    current = make_submission(batch, "confirmed", remote_id="msgbatch_1")
    assert (batch.submission, batch.remote_id) == (current, "msgbatch_1")


def test_no_two_submissions_are_the_same_batch_at_anthropic() -> None:
    make_submission(make_batch(), "confirmed", remote_id="msgbatch_x")
    with pytest.raises(IntegrityError, match="remote_id"), transaction.atomic():
        make_submission(make_batch(), "duplicate", remote_id="msgbatch_x")


def test_a_nonce_belongs_to_one_submission() -> None:
    nonce = new_nonce()
    make_submission(make_batch(), "unsent", nonce=nonce)
    with pytest.raises(IntegrityError, match="nonce"), transaction.atomic():
        make_submission(make_batch(), nonce=nonce)


def test_a_stranger_is_written_down_once() -> None:
    stranger = {"remote_id": "msgbatch_x", "requests": 1, "created_at": NOW, "found_at": NOW}
    StrangerBatch.objects.create(**stranger)
    with pytest.raises(IntegrityError, match="remote_id"), transaction.atomic():
        StrangerBatch.objects.create(**stranger)

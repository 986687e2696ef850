"""Ids sort by time and never repeat."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from aijobs.models import ids_from, new_id

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(9999, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


@given(MOMENTS)
def test_an_id_is_a_uuid_of_version_7_that_tells_its_moment(now: datetime) -> None:
    made = new_id(now)
    assert (made.version, made.variant) == (7, RFC_4122)
    # A float of seconds is off by less than a millisecond for the next seven thousand years.
    assert abs((made.int >> 80) - milliseconds(now)) <= 1


@given(MOMENTS, st.integers(0, 40_000))
def test_ids_of_one_moment_ascend_and_differ(now: datetime, offset: int) -> None:
    ids = list(islice(ids_from(now), offset, offset + 50))
    assert sorted(set(ids)) == ids


@given(MOMENTS, st.integers(2, 10**9))
def test_an_id_of_a_later_moment_is_greater(now: datetime, later_by: int) -> None:
    assert new_id(now) < new_id(
        min(now + timedelta(milliseconds=later_by), now.max.replace(tzinfo=UTC))
    )


def test_a_collection_of_a_hundred_thousand_has_ids_in_row_order() -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    ids = list(islice(ids_from(now), 100_000))
    assert all(first < second for first, second in pairwise(ids))
    assert {UUID(int=one.int).version for one in ids} == {7}

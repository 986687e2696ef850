"""Tenants that wait share the places in batches by weight, whatever the sizes of batches."""

from collections import Counter
from fractions import Fraction
from itertools import combinations
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from aijobs.pipeline import assemble
from citizenapp.tenants.models import Tenant
from tests.factories import make_tenant
from tests.pipeline.steps import DUE
from tests.pipeline.test_assemble_turns import Taken, fresh, queue_sizes, taken_by, waiting

pytestmark = pytest.mark.django_db


def next_batch() -> Taken:
    batch = assemble.assemble_one(DUE)
    assert batch
    return taken_by(batch)


def test_three_to_one_is_three_places_for_each_one(settings: Settings) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 40
    heavy, light = make_tenant(weight=3), make_tenant()
    for tenant in (heavy, light):
        queue_sizes(tenant, [100] * 100)
    assert next_batch() == {heavy.pk: 30, light.pk: 10}
    assert next_batch() == {heavy.pk: 30, light.pk: 10}


def test_between_two_jobs_of_one_tenant_the_other_has_as_many_as_it_weighs(
    settings: Settings,
) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 1
    heavy, light = make_tenant(weight=3), make_tenant()
    for tenant in (heavy, light):
        queue_sizes(tenant, [100] * 20)
    order = "".join("h" if next_batch()[heavy.pk] else "l" for _ in range(18))
    assert order == "h" + 4 * "lhhh" + "l"


def test_what_others_leave_free_is_shared_by_weight_as_well(settings: Settings) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 50
    heavy, light, small = make_tenant(weight=3), make_tenant(), make_tenant(weight=100)
    queue_sizes(small, [100] * 10)
    for tenant in (heavy, light):
        queue_sizes(tenant, [100] * 100)
    assert next_batch() == {small.pk: 10, heavy.pk: 30, light.pk: 10}


def test_a_heavy_tenant_does_not_keep_a_light_one_that_comes_late_waiting(
    settings: Settings,
) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 10
    heavy = make_tenant(weight=100)
    queue_sizes(heavy, [100] * 100)
    for _ in range(3):
        next_batch()
    late = make_tenant()
    queue_sizes(late, [100] * 3)
    assert next_batch()[late.pk] == 1


def test_weight_is_not_saved_up_while_a_tenant_does_not_wait(settings: Settings) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 40
    heavy, light = make_tenant(weight=3), make_tenant()
    queue_sizes(heavy, [100])
    queue_sizes(light, [100] * 200)
    for _ in range(3):
        next_batch()
    queue_sizes(heavy, [100] * 100)
    assert next_batch()[heavy.pk] in {30, 31}


def test_a_new_weight_counts_from_the_next_batch_on(settings: Settings) -> None:
    settings.AIJOBS_BATCH_REQUESTS = 40
    one, other = make_tenant(), make_tenant()
    for tenant in (one, other):
        queue_sizes(tenant, [100] * 200)
    assert next_batch() == {one.pk: 20, other.pk: 20}
    Tenant.objects.filter(pk=one.pk).update(weight=3)
    assert next_batch()[one.pk] in {30, 31}
    assert next_batch() == {one.pk: 30, other.pk: 10}
    Tenant.objects.filter(pk=one.pk).update(weight=1)
    assert next_batch()[one.pk] in range(19, 22)


@pytest.mark.parametrize("weight", [0, 101])
def test_a_weight_is_from_1_to_100(weight: int) -> None:
    tenant = make_tenant()
    tenant.weight = weight
    with pytest.raises(ValidationError, match="weight"):
        tenant.full_clean()
    with pytest.raises(IntegrityError, match="tenant_weight_known"):
        tenant.save()


def assert_shared(weights: dict[int, int], taken: Taken) -> None:
    """No two tenants that waited all the time are further apart than a job of each.

    A job of weight 3 weighs a third. From that follows how far each is from its share.
    """
    for one, other in combinations(weights, 2):
        apart = Fraction(taken[one], weights[one]) - Fraction(taken[other], weights[other])
        assert abs(apart) <= Fraction(1, weights[one]) + Fraction(1, weights[other])
    all_weights, places = sum(weights.values()), taken.total()
    for tenant, weight in weights.items():
        share = Fraction(weight, all_weights)
        assert abs(taken[tenant] - places * share) <= 1 + (len(weights) - 2) * share


@given(
    weights=st.lists(st.sampled_from([1, 1, 2, 3, 7, 100]), min_size=2, max_size=6),
    batches=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    sizes=st.lists(st.sampled_from([100, 900]), min_size=1, max_size=3),
    most_bytes=st.sampled_from([1_000, 5_000, 1_000_000]),
)
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_over_any_run_of_batches_each_has_its_share_but_for_a_few_jobs(
    settings: Any, weights: list[int], batches: list[int], sizes: list[int], most_bytes: int
) -> None:
    settings.AIJOBS_BATCH_BYTES = most_bytes
    with fresh():
        tenants = {make_tenant(weight=weight).pk: weight for weight in weights}
        for number, tenant in enumerate(Tenant.objects.filter(pk__in=tenants)):
            queue_sizes(tenant, [sizes[number % len(sizes)]] * (sum(batches) + 1))
        history: list[Taken] = []
        for requests in batches:
            settings.AIJOBS_BATCH_REQUESTS = requests
            history.append(next_batch())
            assert history[-1].total() == requests or most_bytes < 1_000_000
        assert set(waiting()) == set(tenants)
        for begin in range(len(history)):
            for end in range(begin, len(history)):
                assert_shared(tenants, sum(history[begin : end + 1], Counter()))

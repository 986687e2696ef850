"""Quotes learn from what jobs cost."""

from datetime import timedelta
from typing import Any

import pytest

from aijobs import jobtypes
from aijobs.models import JobInput, TokenRatio
from aijobs.quotes import ratios
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_charge, make_job, make_tenant

pytestmark = pytest.mark.django_db

SUMMARIZE = jobtypes.get("summarize")


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant()


def charged(tenant: Tenant, *, prompt: int, answer: int, kind: str = "text", **fields: Any) -> None:
    """A job of which 1,000 tokens, and at most 1,000 of an answer, were expected."""
    job = make_job(tenant)
    JobInput.objects.filter(job=job).update(
        expected_tokens=1_000, most_answer_tokens=1_000, document_kind=kind
    )
    make_charge(job, input_tokens=prompt, output_tokens=answer, **fields)


def test_without_charges_the_prior_holds(tenant: Tenant) -> None:
    assert ratios.of(tenant, SUMMARIZE, "text", NOW) == ratios.prior(SUMMARIZE)


def test_many_charges_outweigh_the_prior(tenant: Tenant) -> None:
    for n in range(200):
        charged(tenant, prompt=700 + n % 11, answer=100)
    ratios.learn(NOW)
    found = ratios.of(tenant, SUMMARIZE, "text", NOW)
    assert found.jobs == 200
    assert 0.70 < found.prompt.likely < 0.73
    assert 0.10 < found.answer.likely < 0.13
    assert found.prompt.low < found.prompt.likely < found.prompt.high


def test_a_few_charges_hardly_move_it(tenant: Tenant) -> None:
    charged(tenant, prompt=3_000, answer=900)
    ratios.learn(NOW)
    expected = ratios.prior(SUMMARIZE).prompt.likely
    assert expected < ratios.of(tenant, SUMMARIZE, "text", NOW).prompt.likely < 1.25 * expected


def test_each_kind_of_document_has_its_own(tenant: Tenant) -> None:
    for _ in range(100):
        charged(tenant, prompt=400, answer=100, kind="pdf")
    ratios.learn(NOW)
    assert ratios.of(tenant, SUMMARIZE, "pdf", NOW).prompt.likely < 0.5
    assert ratios.of(tenant, SUMMARIZE, "text", NOW) == ratios.prior(SUMMARIZE)


def test_what_came_from_the_cache_is_part_of_the_prompt(tenant: Tenant) -> None:
    for _ in range(100):
        charged(tenant, prompt=100, answer=1, cache_read_tokens=500, cache_write_1h_tokens=200)
    ratios.learn(NOW)
    assert TokenRatio.objects.get().prompt_mean == pytest.approx(0.8)


def test_it_is_looked_at_again_after_a_while(tenant: Tenant) -> None:
    charged(tenant, prompt=500, answer=1)
    ratios.learn(NOW)
    charged(tenant, prompt=500, answer=1)
    ratios.learn(NOW + timedelta(minutes=1))
    assert TokenRatio.objects.get().jobs == 1
    ratios.learn(NOW + ratios.LEARNED_EVERY)
    assert TokenRatio.objects.get().jobs == 2


def test_a_tenant_with_charges_of_its_own_has_its_own(tenant: Tenant) -> None:
    other = make_tenant()
    for _ in range(100):
        charged(tenant, prompt=400, answer=100)
        charged(other, prompt=1_200, answer=300)
    ratios.learn(NOW)
    of_both = ratios.of(make_tenant(), SUMMARIZE, "text", NOW)
    assert of_both.prompt.likely == pytest.approx(0.8, abs=0.01)
    assert ratios.of(tenant, SUMMARIZE, "text", NOW).prompt.likely == pytest.approx(0.4, abs=0.05)
    assert ratios.of(other, SUMMARIZE, "text", NOW).prompt.likely == pytest.approx(1.2, abs=0.05)


def test_too_few_charges_of_its_own_say_no_more_than_everybodys(tenant: Tenant) -> None:
    other = make_tenant()
    for _ in range(ratios.PRIOR_JOBS - 1):
        charged(tenant, prompt=400, answer=100)
    for _ in range(100):
        charged(other, prompt=1_200, answer=300)
    ratios.learn(NOW)
    strangers = ratios.of(make_tenant(), SUMMARIZE, "text", NOW)
    assert ratios.of(tenant, SUMMARIZE, "text", NOW) == strangers


def test_the_ratios_of_many_tenants_do_not_stay_in_memory(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ratios, "_MOST_TENANTS", 3)
    for pk in range(10):
        ratios.of(Tenant(pk=pk), SUMMARIZE, "text", NOW)
        assert len(ratios._memory) <= 3

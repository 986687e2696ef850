"""A prompt is long where it is likely to have more tokens than the step of its model's price."""

from decimal import Decimal

import pytest

from aijobs import jobtypes
from aijobs.models import TokenRatio
from aijobs.quotes.terms import LongPrompt, Terms
from aijobs.tokens import Estimate
from citizenapp.tenants.models import Tenant
from tests.factories import NOW

pytestmark = pytest.mark.django_db

SUMMARIZE, ANALYZE = jobtypes.get("summarize"), jobtypes.get("analyze")
# As long as nothing was learned, quotes take 85 % of what is measured for likely.
AT_THE_STEP = int(100_000 / 0.85)


def terms_of(long_prompts: str, kind: jobtypes.JobType) -> Terms:
    return Terms(Tenant(pk=1, long_prompts=long_prompts), kind, NOW)


@pytest.mark.parametrize(("tokens", "is_long"), [(AT_THE_STEP, False), (AT_THE_STEP + 1, True)])
def test_it_is_as_long_as_a_quote_takes_it_for(tokens: int, is_long: bool) -> None:
    assert terms_of("run", SUMMARIZE).is_long(Estimate(tokens, "text")) == is_long


def test_a_model_whose_price_has_no_step_has_no_long_prompts() -> None:
    terms = terms_of("refuse", ANALYZE)
    assert not terms.is_long(Estimate(900_000, "text"))
    terms.model_of(Estimate(900_000, "text"), field="document")


def test_it_is_refused_only_where_that_is_wanted() -> None:
    expected = Estimate(150_000, "text")
    assert terms_of("run", SUMMARIZE).model_of(expected, field="document") == ""
    terms = terms_of("refuse", SUMMARIZE)
    terms.model_of(Estimate(AT_THE_STEP, "text"), field="document")
    with pytest.raises(LongPrompt) as refusal:
        terms.model_of(expected, field="document")
    assert refusal.value.errors == {"document": [str(refusal.value)]}


def test_the_refusal_says_how_long_it_is_where_the_step_is_and_where_that_is_set() -> None:
    said = str(terms_of("refuse", SUMMARIZE).refusal(Estimate(150_000, "text"), field="document"))
    assert "about 128,000 tokens by our estimate" in said
    assert "Above 100,000, claude-haiku-5-5 asks more" in said
    assert "“Long prompts” in its settings" in said


def test_where_another_model_is_wanted_only_long_prompts_have_it() -> None:
    terms = terms_of("other_model", SUMMARIZE)
    models = [
        terms.model_of(Estimate(tokens, "text"), field="document")
        for tokens in (AT_THE_STEP, AT_THE_STEP + 1)
    ]
    assert models == ["", "claude-sonnet-5-5"]


def test_its_price_is_that_of_its_model() -> None:
    terms = terms_of("run", SUMMARIZE)
    expected = Estimate(150_000, "text")
    _, likely, _ = terms.charges(expected, 1_000, "claude-sonnet-5-5")
    # 127,500 tokens at $2 a million, and 300 at $10.
    assert likely.sync_cost_usd == Decimal("0.258")
    reserved = terms.reserved(expected, 1_000, "claude-sonnet-5-5", batch=False)
    assert reserved > likely.sync_cost_usd


def test_its_quotes_learn_from_the_answers_of_its_model() -> None:
    TokenRatio.objects.create(
        job_type="summarize", model="claude-sonnet-5-5", document_kind="text", jobs=1_000_000,
        prompt_low=0.5, prompt_mean=0.5, prompt_high=0.5,
        answer_low=0.1, answer_mean=0.1, answer_high=0.1, learned_at=NOW,
    )  # fmt: skip
    terms = terms_of("other_model", SUMMARIZE)
    expected = Estimate(150_000, "text")
    assert terms.ratios(expected).prompt.likely == 0.85
    assert terms.ratios(expected, "claude-sonnet-5-5").prompt.likely == pytest.approx(0.5, rel=1e-3)

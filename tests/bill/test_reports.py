"""The reports of Anthropic's admin API are read page by page, or their errors are told apart."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson
import pytest

from aijobs import gateway
from aijobs.bill import reports
from aijobs.bill.lines import Key
from citizenapp.tenants.models import Tenant
from tests.bill.ground import DAY, Clock, fetch, queue, send
from tests.ground import Emulator
from tests.proxy import Answer, Reply, between


def test_pages_are_followed_to_the_end(clock: Clock, tenant: Tenant) -> None:
    first = clock.today
    for _ in range(3):
        queue(clock, tenant=tenant)
        send(clock)
        fetch(clock)
        clock.on(24)
    whole = reports.read(first, clock.today)
    assert sorted(whole.days) == [first, first + DAY, first + 2 * DAY]
    assert reports.read(first, clock.today, page_days=1) == whole


def test_both_reports_make_one_line_of_a_kind(clock: Clock, tenant: Tenant) -> None:
    queue(clock, tenant=tenant)
    send(clock)
    fetch(clock)
    lines = reports.read(clock.today, clock.today).days[clock.today]
    assert set(lines) == {
        Key("claude-haiku-5-5", kind, "batch") for kind in ("input_tokens", "output_tokens")
    }
    for said in lines.values():
        assert said.tokens
        assert said.usd


def test_an_ordinary_key_is_refused(clock: Clock, settings: Any) -> None:
    settings.ANTHROPIC_ADMIN_KEY = "sk-ant-api03-ordinary"
    with pytest.raises(gateway.Refused, match="invalid x-api-key") as refused:
        reports.read(clock.today, clock.today)
    assert refused.value.status == 401


@pytest.mark.parametrize("fault", ["drop", "html", "status"])
def test_no_answer_of_anthropics_is_unavailable(
    clock: Clock, emulator: Emulator, fault: str
) -> None:
    emulator.order("usage_report", fault, status=529)
    with pytest.raises(gateway.Unavailable):
        reports.read(clock.today, clock.today)


def as_cost(*lines: dict[str, Any]) -> Reply:
    """The report of costs has these lines instead, on each of its days."""

    def reply(_: str, path: str, forward: Callable[[], Answer]) -> Answer:
        answer = forward()
        if "cost_report" not in path:
            return answer
        page = orjson.loads(answer.body)
        for bucket in page["data"]:
            bucket["results"] = lines
        return Answer(200, orjson.dumps(page), "application/json")

    return reply


def test_costs_of_something_else_than_tokens_are_told_as_such(clock: Clock, settings: Any) -> None:
    line = {"amount": "12.50", "currency": "USD", "cost_type": "web_search", "model": None}
    with between(settings, as_cost(line)):
        lines = reports.read(clock.today, clock.today).days[clock.today]
    (key,) = lines
    assert key == Key("web_search", "other", "standard")
    assert lines[key].usd == Decimal("0.125")
    # Half of the last place: of a hundredth of a cent.
    assert float(lines[key].slack_usd) == pytest.approx(0.00005)


@pytest.mark.parametrize(
    "line",
    [
        {"amount": "a lot", "currency": "USD"},
        {"amount": "NaN", "currency": "USD"},
        {"amount": "1", "currency": "EUR"},
        {"currency": "USD"},
        [],
    ],
)
def test_a_report_that_cannot_be_read_is_unavailable(
    clock: Clock, settings: Any, line: Any
) -> None:
    with between(settings, as_cost(line)), pytest.raises(gateway.Unavailable, match="cannot be"):
        reports.read(clock.today, clock.today)


def test_a_report_that_never_ends_is_given_up(clock: Clock, settings: Any) -> None:
    def reply(_: str, __: str, forward: Callable[[], Answer]) -> Answer:
        page = orjson.loads(forward().body) | {"has_more": True, "next_page": "page_"}
        return Answer(200, orjson.dumps(page | {"data": []}), "application/json")

    with between(settings, reply), pytest.raises(gateway.Unavailable, match="does not end"):
        reports.read(clock.today, clock.today)

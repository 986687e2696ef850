"""Answers as Python has them: exact, aware of zones, and ready for what comes later."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from citizenapp_client import UnexpectedAnswer, models
from citizenapp_client._calls import form, given, parsed_text, query_of
from tests.client.shapes import COLLECTION, JOB


def parsed(**changes: Any) -> models.Job:
    return parsed_text(models.Job, json.dumps(JOB | changes))


def test_money_is_exact_and_moments_know_their_zone() -> None:
    job = parsed(cost_usd="0.0000123450", created_at="2026-11-02T09:00:00Z")

    assert job.cost_usd == Decimal("0.000012345")
    assert isinstance(job.cost_usd, Decimal)
    assert job.created_at == datetime(2026, 11, 2, 9, tzinfo=UTC)


def test_money_goes_out_as_it_came_in() -> None:
    job = parsed(cost_usd="0.0000000000")

    assert '"cost_usd":"0.0000000000"' in job.model_dump_json()


def test_what_is_new_breaks_nothing() -> None:
    job = parsed(status="paused", route="carrier pigeon", color="blue")

    assert job.status == "paused"
    assert not job.has_ended


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        ({"summary": "s"}, models.SummarizeOutput),
        ({"category": "motor"}, models.ClassifyOutput),
        ({"findings": [], "obligations": [], "risks": []}, models.AnalyzeOutput),
        ({"translation": "t"}, dict),
    ],
)
def test_a_result_is_that_of_its_type(result: dict[str, Any], kind: type) -> None:
    assert type(parsed(result=result).result) is kind


def test_what_is_no_answer_is_told_without_its_text() -> None:
    with pytest.raises(UnexpectedAnswer, match=r"job_id") as raised:
        parsed_text(models.Job, json.dumps({"document_text": "secret"}))

    assert "secret" not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_collection_counts_what_has_ended() -> None:
    counts = {**COLLECTION["counts"], "queued": 1, "completed": 4, "failed": 2, "canceled": 3}
    found = parsed_text(models.Collection, json.dumps({**COLLECTION, "counts": counts}))

    assert found.ended == 9
    assert not found.has_ended


def test_parameters_are_written_as_the_api_reads_them() -> None:
    moment = datetime(2026, 11, 2, 9, tzinfo=UTC)
    asked = {"from_": moment, "to": date(2026, 11, 3), "group_by": ["day", "route"], "bom": True}

    assert query_of(asked | {"table": None}) == {
        "from": "2026-11-02T09:00:00+00:00",
        "to": "2026-11-03",
        "group_by": "day,route",
        "bom": "true",
    }


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        query_of({"created_after": datetime(2026, 11, 2, 9)})  # noqa: DTZ001 - that is the point


def test_lists_in_forms_are_repeated_and_objects_are_json() -> None:
    call = form("classify", given({"categories": ["a", "b"], "metadata": {"x": "y"}}), [])

    assert call.fields == {"categories": ["a", "b"], "metadata": '{"x": "y"}'}

"""Whatever somebody posts: it is queued as it is, or refused in words, and never our fault."""

import io
import json
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aijobs.models import AIJob, Collection, JobDocument
from aijobs.pipeline import dispatch
from citizenapp.tenants.models import Tenant
from tests.api.anthropic.conftest import Program, asking
from tests.factories import NOW
from tests.pipeline.steps import put_together, queue

VALUES = st.recursive(
    st.one_of(
        *(st.text(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
        *(st.booleans(), st.none(), st.sampled_from(["base64", "claude-haiku-5-5", "document"])),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["type", "source", "data", "content", "text"]), inner),
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    ["model", "max_tokens", "messages", "system", "tools", "thinking", "stream", "metadata", "x"]
)
PARAMS = st.dictionaries(NAMES, VALUES, max_size=5)


@pytest.fixture
def tenant(db: None) -> Tenant:
    return Tenant.objects.create(name="acme", slug="acme")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(params=st.lists(PARAMS, min_size=1, max_size=3))
def test_params_are_stored_as_they_came_or_refused(
    program: Program, params: list[dict[str, Any]]
) -> None:
    requests = [{"custom_id": f"r{n}", "params": one} for n, one in enumerate(params)]
    with transaction.atomic():
        answer = program.create(requests)
        stored = list(JobDocument.objects.order_by("job").values_list("text", flat=True))
        transaction.set_rollback(True)
    if answer.status_code == 200:
        assert [json.loads(text) for text in stored] == params
    else:
        # An integer of more than 64 bits.
        assert answer.status_code == 400
        assert "too many digits" in answer.json()["error"]["message"]
        assert not stored


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.one_of(st.binary(max_size=60), VALUES.map(json.dumps).map(str.encode)))
def test_what_is_no_batch_is_a_400(program: Program, body: bytes) -> None:
    answer = program.create(body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert not Collection.objects.exists()


def test_what_anthropic_gets_is_what_was_posted(program: Program) -> None:
    """Also beside a job of another type, in one batch."""
    odd = {"z": [1, 2.5, None, "\u2028<b>"], "model": "claude-sonnet-5-5", "a": {"b": {"c": True}}}
    kept = {"type": "ephemeral", "ttl": "1h"}
    plain = asking("Hail.", system=[{"type": "text", "text": "Be brief.", "cache_control": kept}])
    program.create([{"custom_id": "a", "params": odd}, {"custom_id": "b", "params": plain}])
    AIJob.objects.update(created_at=NOW, not_before=NOW)
    queue(tenant=program.tenant)
    batch = put_together()
    body = io.BytesIO()
    assert dispatch.write_body(batch, "0123456789", body) == 3
    sent = [json.dumps(one["params"]) for one in json.loads(body.getvalue())["requests"]]
    assert json.dumps(odd) in sent
    assert json.dumps(plain) in sent
    assert b'"custom_id":"a"' not in body.getvalue()

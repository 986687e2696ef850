"""Programs that speak Anthropic's API, without its SDK."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from django.test import Client

from citizenapp.tenants.models import Tenant
from tests.factories import make_key, make_tenant

PATH = "/v1/messages/batches"


class Program(Client):
    """A client with a tenant's key where the SDK puts it."""

    def __init__(self, tenant: Tenant, role: str = "member") -> None:
        headers = {"x-api-key": make_key(tenant, role), "anthropic-version": "2023-06-01"}
        super().__init__(headers=headers)
        self.tenant = tenant

    def create(self, body: object, **options: Any) -> Any:
        """POST a batch; `body` may be its requests, or the bytes themselves."""
        data = body if isinstance(body, bytes) else json.dumps({"requests": body})
        return self.post(PATH, data, content_type="application/json", **options)

    def read(self, batch_id: str, what: str = "") -> Any:
        return self.get(f"{PATH}/{batch_id}{what}")

    def rows(self, batch_id: str) -> dict[str, Any]:
        """The results by custom_id."""
        response = self.read(batch_id, "/results")
        assert response.status_code == 200, response.content
        lines = [json.loads(line) for line in b"".join(response).splitlines()]
        assert len({line["custom_id"] for line in lines}) == len(lines)
        return {line["custom_id"]: line["result"] for line in lines}


def asking(text: str, **changes: Any) -> dict[str, Any]:
    """The params of a request that says this."""
    said = [{"role": "user", "content": text}]
    return {"model": "claude-haiku-5-5", "max_tokens": 200, "messages": said} | changes


def requests_of(*texts: str) -> Sequence[Mapping[str, Any]]:
    """A request of each text; custom ids are r0, r1 …"""
    return [{"custom_id": f"r{n}", "params": asking(text)} for n, text in enumerate(texts)]


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant("acme", repeat_days=30)


@pytest.fixture
def program(tenant: Tenant) -> Program:
    return Program(tenant)

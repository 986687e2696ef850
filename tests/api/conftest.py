"""Callers of the API."""

import json
from typing import Any

import pytest
from django.test import Client

from citizenapp.tenants.models import Tenant
from tests.factories import make_key, make_tenant


class Caller(Client):
    """A client with an API key, which sends JSON unless it is told otherwise."""

    def __init__(self, tenant: Tenant, role: str = "member") -> None:
        super().__init__(headers={"authorization": f"Bearer {make_key(tenant, role)}"})
        self.tenant = tenant

    def send(self, path: str, body: Any = None, **options: Any) -> Any:
        """POST JSON to an address under /api/ai/; `body` may be the bytes themselves."""
        data = body if isinstance(body, bytes) else json.dumps(body)
        return self.post(f"/api/ai/{path}", data, content_type="application/json", **options)

    def upload(self, path: str, **fields: Any) -> Any:
        """POST a form with files."""
        return self.post(f"/api/ai/{path}", fields)

    def read(self, path: str, **query: Any) -> Any:
        return self.get(f"/api/ai/{path}", query)


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant("acme")


@pytest.fixture
def caller(tenant: Tenant) -> Caller:
    return Caller(tenant)

"""What is compressed on its way out, and what is not."""

import gzip
import re
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient, Client

from aijobs.models import Collection, new_id
from tests.factories import NOW, make_job, make_key, make_tenant, make_user

GZIP = {"accept-encoding": "gzip, br"}


@pytest.fixture
def page(client: Client, db: None) -> Client:
    client.force_login(make_user("max", make_tenant()))
    return client


def test_a_page_is_compressed_for_whoever_takes_gzip(page: Client) -> None:
    plain, packed = page.get("/"), page.get("/", headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert b"</html>" in gzip.decompress(packed.content)
    assert len(packed.content) < len(plain.content) / 3


def test_json_is_compressed(page: Client) -> None:
    tenant = make_tenant()
    for _ in range(5):
        make_job(tenant)
    key = {"authorization": f"Bearer {make_key(tenant)}"}
    packed = page.get("/api/ai/jobs", headers=GZIP | key)
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == page.get("/api/ai/jobs", headers=key).content


def test_the_size_of_a_page_and_its_token_differ_each_time(page: Client) -> None:
    """What BREACH compares is not comparable."""
    packed = [page.get("/jobs/new", headers=GZIP).content for _ in range(20)]
    tokens = {
        re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', gzip.decompress(one))
        for one in packed
    }
    assert len({token and token[1] for token in tokens}) == 20
    assert len({len(one) for one in packed}) > 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", ["ndjson", "csv"])
async def test_a_streamed_download_is_left_as_it_is(form: str) -> None:
    def collect() -> tuple[str, str]:
        tenant = make_tenant()
        collection = Collection.objects.create(
            id=new_id(NOW),
            tenant=tenant,
            name="Policies",
            job_type="summarize",
            total=3,
            created_by="max",
            created_at=NOW,
        )
        for _ in range(3):
            make_job(tenant, collection=collection)
        return str(collection.pk), make_key(tenant)

    collection, key = await sync_to_async(collect)()
    try:
        response: Any = await AsyncClient().get(
            f"/api/ai/collections/{collection}/results?as={form}",
            headers=GZIP | {"authorization": f"Bearer {key}"},
        )
        chunks = [chunk async for chunk in response.streaming_content]
    finally:
        await sync_to_async(connections.close_all)()
    assert "Content-Encoding" not in response.headers
    assert b"".join(chunks).count(b"\n") == 3 + (form == "csv")

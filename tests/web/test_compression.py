"""What is compressed on its way out, and what is not."""

import gzip
import re
from collections.abc import Callable
from typing import Any

import brotli
import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient, Client

from aijobs.models import Collection, new_id
from tests.factories import NOW, make_job, make_key, make_tenant, make_user

GZIP = {"accept-encoding": "gzip, br"}
UNPACK: dict[str | None, Callable[[bytes], bytes]] = {
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    None: bytes,
}


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


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, br", "br"),
        ("br;q=0.5, gzip;q=0.9", "br"),
        ("gzip, br;q=0", "gzip"),
        ("identity", None),
    ],
)
def test_json_is_compressed_as_a_program_takes_it(
    page: Client, accepted: str, coding: str | None
) -> None:
    tenant = make_tenant()
    for _ in range(5):
        make_job(tenant)
    key = {"authorization": f"Bearer {make_key(tenant)}"}
    packed = page.get("/api/ai/jobs", headers=key | {"accept-encoding": accepted})
    assert packed.get("Content-Encoding") == coding
    assert "Accept-Encoding" in packed["Vary"]
    plain = page.get("/api/ai/jobs", headers=key).content
    assert UNPACK[coding](packed.content) == plain


def test_a_session_gets_gzip_whose_size_is_random(page: Client) -> None:
    sizes = {len(page.get("/api/ai/usage", headers=GZIP).content) for _ in range(20)}
    assert page.get("/api/ai/usage", headers=GZIP)["Content-Encoding"] == "gzip"
    assert len(sizes) > 5


def test_a_short_answer_is_left_as_it_is(page: Client) -> None:
    key = {"authorization": f"Bearer {make_key(make_tenant())}"}
    assert "Content-Encoding" not in page.get("/api/ai/jobs", headers=GZIP | key).headers


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
@pytest.mark.parametrize("coding", ["br", "gzip", None])
@pytest.mark.parametrize("form", ["ndjson", "csv"])
async def test_a_streamed_download_is_one_packed_file(form: str, coding: str | None) -> None:
    """Under ASGI, where each chunk would be one of its own; and under WSGI."""

    def collect() -> tuple[str, dict[str, str], bytes]:
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
        path = f"/api/ai/collections/{collection.pk}/results?as={form}"
        headers = {"authorization": f"Bearer {make_key(tenant)}", "accept-encoding": coding or ""}
        streamed: Any = Client().get(path, headers=headers)
        return path, headers, b"".join(streamed.streaming_content)

    path, headers, by_wsgi = await sync_to_async(collect)()
    try:
        response: Any = await AsyncClient().get(path, headers=headers)
        chunks = [chunk async for chunk in response.streaming_content]
    finally:
        await sync_to_async(connections.close_all)()
    assert response.headers.get("Content-Encoding") == coding
    text = UNPACK[coding](b"".join(chunks))
    assert text.count(b"\n") == 3 + (form == "csv")
    assert UNPACK[coding](by_wsgi) == text


def test_a_workbook_is_packed_already(page: Client) -> None:
    found = page.get("/api/ai/usage?as=xlsx", headers=GZIP)
    assert "Content-Encoding" not in found.headers

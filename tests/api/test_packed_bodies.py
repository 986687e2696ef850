"""Bodies with Content-Encoding: gzip or br are read as if they had come as they are."""

import contextlib
import gzip
import io
import json
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import Client
from django.test.client import BOUNDARY, encode_multipart
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from aijobs.api import unpacking
from aijobs.api.problems import TooLarge
from aijobs.models import AIJob
from tests.api.conftest import Caller
from tests.factories import make_tenant, make_user

PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "br": brotli.compress}
QUICK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 1),
    "br": lambda data: bytes(brotli.compress(data, quality=2)),
}
CODINGS = st.sampled_from(sorted(PACK))
JOB = json.dumps({"document_text": "The insurer pays. " * 50}).encode()
LIMIT = 1_000_000
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def request(packed: bytes, coding: str, limit: int = LIMIT, chunk: int = 0) -> HttpRequest:
    """A request whose body is about to be read; `chunk`: so much comes at a time."""
    made = HttpRequest()
    made.META = {"HTTP_CONTENT_ENCODING": coding, "CONTENT_LENGTH": str(len(packed))}
    made._stream = io.BytesIO(packed) if not chunk else Drops(packed, chunk)
    unpacking.unpack(made, limit)
    return made


class Drops(io.BytesIO):
    """A stream that gives less than it is asked for."""

    def __init__(self, data: bytes, chunk: int) -> None:
        super().__init__(data)
        self._chunk = chunk

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self._chunk if size in (-1, None) else min(size or 0, self._chunk))


@given(
    st.binary(max_size=3_000),
    st.sampled_from([1, 100, 20_000]),
    CODINGS,
    st.integers(1, 70_000),
    st.integers(1_000, 70_000),
)
def test_what_is_unpacked_is_what_was_packed_in_any_chunks(
    data: bytes, times: int, coding: str, chunk: int, size: int
) -> None:
    # What repeats itself unpacks to far more than goes in.
    data = (data * times)[:20_000_000]
    packed = QUICK[coding](data)
    assert request(packed, coding, 20_000_000, chunk).read() == data
    asked = request(packed, coding, 20_000_000, chunk)
    pieces = []
    while piece := asked.read(size):
        pieces.append(piece)
        assert len(piece) <= size
    assert b"".join(pieces) == data


@given(st.binary(min_size=1, max_size=5_000), CODINGS, st.data())
def test_what_is_cut_off_is_refused(data: bytes, coding: str, draw: st.DataObject) -> None:
    packed = PACK[coding](data)
    cut = draw.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(ParseError):
        request(packed[:cut], coding).read()


@given(st.binary(min_size=1, max_size=5_000), CODINGS)
def test_any_bytes_are_read_or_refused(data: bytes, coding: str) -> None:
    with contextlib.suppress(ParseError):
        request(data, coding).read()


@given(st.integers(0, 3_000), CODINGS)
def test_the_limit_counts_what_comes_out(size: int, coding: str) -> None:
    asked = request(PACK[coding](b"a" * size), coding, limit=2_000)
    if size > 2_000:
        with pytest.raises(TooLarge):
            asked.read()
    else:
        assert len(asked.read()) == size


def bomb(coding: str, size: int) -> bytes:
    if coding == "br":
        by_brotli = brotli.Compressor(quality=1)
        pack, finish = by_brotli.process, by_brotli.finish
    else:
        by_gzip = zlib.compressobj(wbits=31)
        pack, finish = by_gzip.compress, by_gzip.flush
    return b"".join([pack(bytes(10**6)) for _ in range(size // 10**6)] + [finish()])


def read_bit_by_bit(asked: HttpRequest) -> None:
    while asked.read(65_536):
        pass


@pytest.mark.parametrize("coding", sorted(PACK))
@pytest.mark.parametrize("at_once", [True, False])
def test_a_bomb_is_refused_in_little_memory(coding: str, at_once: bool) -> None:
    packed = bomb(coding, 300_000_000)
    asked = request(packed, coding, limit=64_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            asked.read() if at_once else read_bit_by_bit(asked)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000


@pytest.mark.parametrize("coding", [*sorted(PACK), "x-gzip", " GZIP "])
def test_a_packed_job_is_queued(caller: Caller, coding: str) -> None:
    packed = PACK.get(coding, gzip.compress)(JOB)
    found = caller.send("summarize", packed, headers={"content-encoding": coding})
    assert found.status_code == 202, found.content
    assert AIJob.objects.get().documents.get().text.startswith("The insurer pays.")


def test_identity_is_no_packing(caller: Caller) -> None:
    assert (
        caller.send("summarize", JOB, headers={"content-encoding": "identity"}).status_code == 202
    )


@pytest.mark.parametrize("coding", ["zstd", "deflate", "gzip, br", "gzip, gzip"])
def test_an_unknown_packing_is_refused_and_the_known_are_named(caller: Caller, coding: str) -> None:
    found = caller.send("summarize", JOB, headers={"content-encoding": coding})
    assert found.status_code == 415
    assert found["Accept-Encoding"] == "gzip, br"
    assert found.json()["type"] == "/problems/unsupported-media-type"
    assert not AIJob.objects.exists()


@pytest.mark.parametrize("coding", sorted(PACK))
def test_a_body_that_is_not_packed_as_it_says_is_refused(caller: Caller, coding: str) -> None:
    found = caller.send("summarize", JOB, headers={"content-encoding": coding})
    assert found.status_code == 400
    assert coding in found.json()["detail"]


@pytest.mark.parametrize("coding", sorted(PACK))
def test_json_that_unpacks_to_too_much_is_refused(caller: Caller, coding: str) -> None:
    packed = bomb(coding, 70_000_000)
    assert len(packed) < 100_000
    found = caller.send("summarize", packed, headers={"content-encoding": coding})
    assert found.status_code == 413, found.content
    assert found.json()["detail"] == "The body may have at most 64 MB."


def form(**fields: Any) -> bytes:
    return encode_multipart(BOUNDARY, fields)


@pytest.mark.parametrize("coding", sorted(PACK))
def test_a_packed_form_brings_its_file(caller: Caller, coding: str) -> None:
    lines = b"".join(b'{"document_text": "Policy %d"}\n' % number for number in range(3_000))
    body = form(name="n", job_type="summarize", file=SimpleUploadedFile("p.ndjson", lines))
    found = caller.post(
        "/api/ai/collections",
        PACK[coding](body),
        content_type=FORM,
        headers={"content-encoding": coding},
    )
    assert (found.status_code, found.json().get("accepted")) == (202, 3_000), found.content


@pytest.mark.parametrize("coding", sorted(PACK))
def test_a_form_that_unpacks_to_too_much_is_refused(caller: Caller, coding: str) -> None:
    file = SimpleUploadedFile("p.txt", bytes(12_000_000))
    found = caller.post(
        "/api/ai/summarize",
        PACK[coding](form(document=file)),
        content_type=FORM,
        headers={"content-encoding": coding},
    )
    assert found.status_code == 413, found.content


def test_a_member_of_a_session_sends_packed_forms_as_well(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("max", make_tenant()))
    page = client.get("/jobs/new").content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].partition('"')[0]
    packed = gzip.compress(form(document=SimpleUploadedFile("p.txt", b"The insurer pays.")))
    sent: dict[str, Any] = {"content_type": FORM}
    headers = {"content-encoding": "gzip"}
    refused = client.post("/api/ai/summarize", packed, headers=headers, **sent)
    assert refused.status_code == 403
    headers["x-csrftoken"] = token
    assert client.post("/api/ai/summarize", packed, headers=headers, **sent).status_code == 202


def test_the_same_body_packed_or_not_is_the_same_request(caller: Caller) -> None:
    key = {"idempotency-key": "one"}
    first = caller.send("summarize", JOB, headers=key)
    again = caller.send("summarize", gzip.compress(JOB), headers=key | {"content-encoding": "gzip"})
    assert again.json() == first.json()
    assert AIJob.objects.count() == 1


def test_json_of_very_many_values_is_refused_before_it_is_read(caller: Caller) -> None:
    # 60 KB as it comes, 60 MB unpacked, and 1.4 GB as lists of Python's.
    lists = "[]," * 20_000_000
    # In UTF-16, what takes it byte by byte sees a quote in this character.
    for text in (
        f'{{"ids": [{lists}[]]}}'.encode(),
        f'{{"\u2222": [{lists[:9_000_000]}[]]}}'.encode("utf-16"),
    ):
        packed = gzip.compress(text)
        assert len(packed) < 100_000
        answer = caller.send("jobs/cancel", packed, headers={"content-encoding": "gzip"})
        assert answer.status_code == 400
        assert "more than 2,000,000 values" in answer.json()["detail"]

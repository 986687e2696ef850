"""Long documents part by part, and the passages in them that answers quote."""

import tracemalloc
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aijobs.jobtypes.text import utf8
from aijobs.models import JobDocument
from aijobs.reading import texts
from citizenapp.tenants.models import Tenant
from tests.factories import make_job, make_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts and pieces so small that short texts have many."""
    for name, size in {"PART": 40, "SLACK": 10, "OVERLAP": 30, "PIECE": 25}.items():
        monkeypatch.setattr(texts, name, size)


def document(tenant: Tenant, text: str, **fields: Any) -> JobDocument:
    job = make_job(tenant, text=text)
    JobDocument.objects.filter(job=job).update(**fields)
    return JobDocument.objects.defer("text", "original").get(job=job)


def parts(tenant: Tenant, of: JobDocument) -> list[texts.Part]:
    return [texts.part(tenant, of, number) for number in range(1, texts.parts_of(of) + 1)]


# What is hard in JSON: escapes, quotes, backslashes, halves of pairs, U+0000.
HARD = st.text(st.sampled_from('ab \n"\\\0\x1f\u00e9\u4e2d\U0001f600\ud83d/'), max_size=300)


@pytest.mark.usefixtures("small")
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=HARD)
def test_the_parts_are_the_whole_document(tenant: Tenant, text: str) -> None:
    of = document(tenant, text)
    found = parts(tenant, of)
    # JSON joins the halves of a pair.
    assert utf8("".join(one.text for one in found)) == utf8(text)
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    for one, following in pairwise(found):
        assert following.text.startswith(one.following[: len(following.text)])


@pytest.mark.usefixtures("small")
def test_a_part_ends_behind_a_line_or_a_word(tenant: Tenant) -> None:
    found = parts(tenant, document(tenant, "It says a word and more. " * 8))
    assert len(found) == 5
    assert all(one.text.endswith(" ") for one in found)


@pytest.mark.usefixtures("small")
def test_a_part_knows_its_page_and_a_page_its_part(tenant: Tenant) -> None:
    text = "\n\n".join(f"[page {n}]\nWords of page {n}." for n in range(1, 9))
    of = document(tenant, text, pages=8)
    found = parts(tenant, of)
    assert found[0].page is None
    assert found[1].page == 2
    assert found[-1].page == 8
    for page in range(1, 9):
        assert f"[page {page}]" in texts.part_of_page(tenant, of, page).text
    assert texts.part_of_page(tenant, of, 99).number == 1


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("before", range(0, 90, 7))
def test_a_quotation_leads_to_the_part_in_which_it_begins(tenant: Tenant, before: int) -> None:
    quote = "the insurer pays for hail"
    of = document(tenant, f"{'word ' * 20}"[:before] + f" {quote} " + "word " * 20)
    found = texts.part_of_quote(tenant, of, "The  Insurer pays for HAIL")
    assert found
    [number] = texts.shown(found, of, [(7, quote)]).quotes
    pieces = texts.shown(found, of, [(7, quote)]).pieces
    marked = "".join(piece.text for piece in pieces if piece.is_quoted)
    assert number == 7
    assert quote.startswith(marked)
    assert [piece.quote for piece in pieces if piece.quote] == [7]
    assert "".join(piece.text for piece in pieces) == found.text


def test_what_is_quoted_nowhere_leads_nowhere(tenant: Tenant) -> None:
    assert texts.part_of_quote(tenant, document(tenant, "A fox."), "A bear.") is None


def test_passages_that_overlap_are_each_marked_and_nothing_is_shown_twice(tenant: Tenant) -> None:
    of = document(tenant, "[page 1]\nOne two three\n[page 2]\nfour five.", pages=2)
    quotes = [(1, "two three four"), (2, "three four five"), (3, "two three"), (4, "missing")]
    shown = texts.shown(texts.part(tenant, of, 1), of, quotes)
    assert shown.quotes == {1, 2, 3}
    said = [(piece.page or piece.text, piece.is_quoted, piece.quote) for piece in shown.pieces]
    assert said == [
        (1, False, None),
        ("One ", False, None),
        ("", True, 3),
        ("two ", True, 1),
        ("three", True, 2),
        ("\n", True, None),
        (2, False, None),
        ("four", True, None),
        (" five", True, None),
        (".", False, None),
    ]


def test_a_document_of_ten_million_characters_is_read_in_flat_memory(tenant: Tenant) -> None:
    end = "And at the very end the insurer pays."
    of = document(tenant, "Nothing of it is of interest. " * 333_334 + end)
    tracemalloc.start()
    with CaptureQueriesContext(connection) as captured:
        last = texts.part(tenant, of, 10_000)
        found = texts.part_of_quote(tenant, of, end)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert last.text.endswith(end)
    assert found
    assert found.number == last.number == texts.parts_of(of)
    assert len(captured) == 2
    assert peak < 8_000_000


def test_nobody_reads_what_is_another_tenants_or_is_being_erased(tenant: Tenant) -> None:
    of = document(tenant, "A fox.")
    assert texts.part(make_tenant(), of, 1).text == ""
    of.job.erasing_since = of.job.created_at
    of.job.save()
    assert texts.part(tenant, of, 1).text == ""

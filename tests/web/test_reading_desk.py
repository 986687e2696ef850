"""The reading desk, and what people do with a result there."""

import io
import json
import re
from datetime import timedelta
from html import escape, unescape
from typing import Any
from urllib.parse import quote

import docx
import pytest
from django.test import Client

from aijobs.models import AIJob, Collection, Comment, Correction, JobInput, ReadMark, Rerun, new_id
from citizenapp.tenants.models import Tenant
from tests.factories import NOW, make_document, make_job, make_output, make_tenant, make_user

pytestmark = pytest.mark.django_db

ANALYSIS = {
    "findings": [
        {"title": "Hail", "detail": "It is covered.", "quote": "pays for hail", "page": None}
    ],
    "obligations": [{"who": "The insured", "what": "reports", "when": ""}],
    "risks": [
        {"title": "Vague", "severity": "low", "detail": "In writing?"},
        {"title": "A gap", "severity": "high", "detail": "Wide."},
    ],
}


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def writer(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


@pytest.fixture
def viewer(tenant: Tenant) -> Client:
    client = Client()
    client.force_login(make_user("vera", tenant, "viewer"))
    return client


def done(
    tenant: Tenant, kind: str = "classify", result: Any = None, *, number: int = 0, **fields: Any
) -> AIJob:
    at = NOW + timedelta(seconds=number)
    job = make_job(tenant, kind, now=at, status="completed", finished_at=at, **fields)
    make_output(job, result or {"category": "home"})
    return job


def shown(client: Client, address: str) -> str:
    response = client.get(address, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_one_reads_through_the_results_of_a_list(writer: Client, tenant: Tenant) -> None:
    several = [done(tenant, number=n, reference=f"POL-{n}") for n in range(3)]
    make_job(tenant, "classify", now=NOW + timedelta(seconds=9))
    first = shown(writer, "/read?job_type=classify")
    assert "<bdi>POL-2</bdi></h1>" in first
    assert "1 of 3" in first
    assert f'href="?job_type=classify&amp;job={several[1].pk}"' in first
    second = shown(writer, f"/read?job_type=classify&job={several[1].pk}")
    assert "<bdi>POL-1</bdi></h1>" in second
    assert f'href="?job_type=classify&amp;job={several[2].pk}"' in second
    assert f'href="?job_type=classify&amp;job={several[0].pk}"' in second


def test_the_desk_belongs_to_jobs_and_its_keys_are_listed(writer: Client, tenant: Tenant) -> None:
    done(tenant)
    page = shown(writer, "/read")
    assert '<a href="/" aria-current="page">' in page
    assert "<kbd>m</kbd> <kbd>e</kbd> <kbd>c</kbd>" in page.partition('id="shortcuts"')[2]


def test_a_collection_is_read_in_the_order_of_its_rows(writer: Client, tenant: Tenant) -> None:
    collection = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="c", job_type="classify", total=2, created_at=NOW
    )
    several = [done(tenant, number=n, collection=collection) for n in range(2)]
    page = shown(writer, f"/read?collection={collection.pk}&order=rows")
    assert f"job={several[1].pk}" in page
    assert f'href="/collections/{collection.pk}">Back to the list' in page


def analysis(*severities: str) -> dict[str, Any]:
    """A result with risks so severe. Its words name another, which counts for nothing."""
    title, detail = 'A "severity":"high" word', "Wide."
    risks = [{"title": title, "severity": one, "detail": detail} for one in severities]
    return {"findings": [], "obligations": [], "risks": risks, "answers": []}


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [("risk=high", (0, 3)), ("risk=low", (2,)), ("risk=none", (1,)), ("", (0, 1, 2, 3))],
)
def test_a_collection_is_read_as_far_as_it_is_narrowed(
    writer: Client, tenant: Tenant, narrowed: str, found: tuple[int, ...]
) -> None:
    collection = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="c", job_type="analyze", total=4, created_at=NOW
    )
    results = [analysis("low", "high"), analysis(), analysis("low"), analysis("high", "medium")]
    several = [
        done(tenant, "analyze", result, number=n, reference=f"POL-{n}", collection=collection)
        for n, result in enumerate(results)
    ]
    query = f"collection={collection.pk}&order=rows" + (f"&{narrowed}" if narrowed else "")
    first = shown(writer, f"/read?{query}")
    assert f"<bdi>POL-{found[0]}</bdi></h1>" in first
    assert f"1 of {len(found)}" in first
    back = f"/collections/{collection.pk}" + (f"?{narrowed}" if narrowed else "")
    assert f'href="{back}">Back to the list' in first
    # The page of the collection leads there, and so do its rows.
    rows = shown(writer, back)
    assert f'href="/read?{escape(query)}"' in rows
    assert f'href="/jobs/{several[found[0]].pk}?list={quote(query, safe="")}"' in rows
    beside = shown(writer, f"/jobs/{several[found[0]].pk}?list={quote(query, safe='')}")
    assert f"1 of {len(found)}" in beside


def test_a_category_narrows_a_collection_and_nothing_else(writer: Client, tenant: Tenant) -> None:
    collection = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="c", job_type="classify", total=2, created_at=NOW
    )
    for number, category in enumerate(("home", "motor")):
        result = {"category": category}
        done(tenant, result=result, number=number, reference=category, collection=collection)
    page = shown(writer, f"/read?collection={collection.pk}&order=rows&category=motor")
    assert "<bdi>motor</bdi></h1>" in page
    assert "1 of 1" in page
    for query in ("risk=high", "category=home", f"collection={collection.pk}&risk=severe"):
        assert writer.get(f"/read?{query}").status_code == 400


def test_who_corrects_sees_the_correction_also_where_its_row_leaves_the_filter(
    writer: Client, tenant: Tenant
) -> None:
    collection = Collection.objects.create(
        id=new_id(NOW), tenant=tenant, name="C", job_type="classify", total=2,
        created_by="max", created_at=NOW,
    )  # fmt: skip
    first, _ = (done(tenant, number=n, collection=collection) for n in range(2))
    desk = shown(writer, f"/read?collection={collection.pk}&order=rows&category=home")
    forms = desk.split("<form")
    [form_of_correction] = [one for one in forms if 'name="after"' in one]
    [then] = re.findall(r'name="then" value="([^"]*)"', form_of_correction)
    then = unescape(then)
    assert str(first.pk) in then
    form = {"after": "0", "then": then, "category": "travel"}
    answered = writer.post(f"/jobs/{first.pk}/correction", form)
    assert (answered.status_code, answered["Location"]) == (302, then)
    page = shown(writer, then)
    assert "Corrected by" in page
    assert f"/jobs/{first.pk}" in page


def test_what_has_no_result_is_not_on_the_desk(writer: Client, tenant: Tenant) -> None:
    waiting = make_job(tenant)
    response = writer.get(f"/read?job={waiting.pk}")
    assert response["Location"] == f"/jobs/{waiting.pk}"
    assert "There is no result in this list yet." in shown(writer, "/read")
    assert "This list is of jobs that have none." in shown(writer, "/read?status=failed")
    assert writer.get(f"/read?job={done(make_tenant()).pk}").status_code == 404


def test_everybody_marks_for_themselves_what_they_have_read(
    writer: Client, viewer: Client, tenant: Tenant
) -> None:
    first, second = (done(tenant, number=n) for n in (1, 0))
    assert 'Unread <span class="count">2</span>' in shown(viewer, "/read")
    address = f"/read?job={second.pk}"
    response = viewer.post(f"/jobs/{first.pk}/read", {"then": address})
    assert response["Location"] == address
    assert 'Unread <span class="count">1</span>' in shown(viewer, "/read")
    assert 'Unread <span class="count">2</span>' in shown(writer, "/read")
    assert f"/jobs/{second.pk}/read" in shown(viewer, "/read?unread=1")
    viewer.post(f"/jobs/{second.pk}/read")
    assert "You have read all of it" in shown(viewer, "/read?unread=1")
    viewer.post(f"/jobs/{second.pk}/read", {"unread": "1"})
    assert ReadMark.objects.count() == 1


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example", "javascript:1", "x"])
def test_a_form_leads_to_no_other_site(writer: Client, tenant: Tenant, then: str) -> None:
    job = done(tenant)
    assert writer.post(f"/jobs/{job.pk}/read", {"then": then})["Location"] == f"/jobs/{job.pk}"


def test_a_category_is_corrected_and_the_original_stays(writer: Client, tenant: Tenant) -> None:
    job = done(tenant)
    told = shown(writer, f"/jobs/{job.pk}")
    assert "Save the correction" in told
    answer = writer.post(f"/jobs/{job.pk}/correction", {"after": "0", "category": "travel"})
    assert answer["Location"] == f"/jobs/{job.pk}"
    page = shown(writer, f"/jobs/{job.pk}")
    assert "Corrected by <bdi>max</bdi>" in page
    assert page.index('travel<span class="visually-hidden"> (chosen)') < page.index(
        'home<span class="visually-hidden"> (chosen)'
    )
    assert job.output.result == {"category": "home"}
    downloaded = json.loads(writer.get(f"/jobs/{job.pk}/result").content)
    assert downloaded["category"] == "home"
    assert downloaded["corrected"]["result"] == {"category": "travel"}
    assert downloaded["corrected"]["corrected_by"] == "max"
    writer.post(f"/jobs/{job.pk}/correction", {"after": "1", "original": "1"})
    assert "Corrected by" not in shown(writer, f"/jobs/{job.pk}")


def test_a_finding_is_corrected_another_removed_and_one_added(
    writer: Client, tenant: Tenant
) -> None:
    job = done(tenant, "analyze", ANALYSIS, text="The insurer pays for hail.")
    form = shown(writer, f"/jobs/{job.pk}/correction")
    assert 'name="findings-0-detail"' in form
    sent = {
        "after": "0",
        "findings-0-title": "Hail and storm",
        "findings-0-detail": "Both\r\nare.",
        "obligations-0-who": "The insured", "obligations-0-what": "reports",
        "obligations-0-when": "", "obligations-0-remove": "on",
        "risks-0-title": "Vague", "risks-0-severity": "medium", "risks-0-detail": "In writing?",
        "risks-1-title": "A gap", "risks-1-severity": "high", "risks-1-detail": "Wide.",
        "risks-new-title": "Late", "risks-new-severity": "low", "risks-new-detail": "",
        "findings-new-title": "", "findings-new-detail": "",
        "obligations-new-who": "", "obligations-new-what": "", "obligations-new-when": "",
    }  # fmt: skip
    assert writer.post(f"/jobs/{job.pk}/correction", sent).status_code == 302
    found = Correction.objects.get().result
    assert found["findings"] == [
        {"title": "Hail and storm", "detail": "Both\nare.", "quote": "pays for hail", "page": None}
    ]
    assert found["obligations"] == []
    assert [one["severity"] for one in found["risks"]] == ["medium", "high", "low"]
    # The quote still leads to its passage.
    page = shown(writer, f"/jobs/{job.pk}")
    assert '<mark id="quote-1" tabindex="-1">pays for hail</mark>' in page
    assert 'href="#quote-1"' in page


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"category": "boats"}, "boats is not one of the available choices"),
        ({"category": "home"}, "Nothing was changed."),
        ({}, "This field is required."),
    ],
)
def test_a_bad_correction_is_refused_beside_its_field(
    writer: Client, tenant: Tenant, sent: dict[str, str], told: str
) -> None:
    job = done(tenant)
    response = writer.post(f"/jobs/{job.pk}/correction", {"after": "0", **sent})
    assert response.status_code == 422
    assert told in response.content.decode()
    assert not Correction.objects.exists()


def test_who_saw_an_older_state_is_told(writer: Client, tenant: Tenant) -> None:
    job = done(tenant)
    Correction.objects.add(job, {"category": "travel"}, after=0, by="ben", now=NOW)
    page = writer.post(
        f"/jobs/{job.pk}/correction", {"after": "0", "category": "motor"}, follow=True
    ).content.decode()
    assert "Somebody else has corrected this result meanwhile." in page
    assert Correction.objects.count() == 1


def test_what_has_no_result_is_not_corrected(writer: Client, tenant: Tenant) -> None:
    for job in (make_job(tenant), done(tenant, "raw", None)):
        page = writer.get(f"/jobs/{job.pk}/correction", follow=True).content.decode()
        assert "There is no result yet that could be corrected." in page


def test_a_comment_is_plain_text_and_bounded(writer: Client, tenant: Tenant) -> None:
    job = done(tenant)
    writer.post(f"/jobs/{job.pk}/comments", {"text": "<b>Why?</b>\0\r\nSo.", "then": "/read"})
    assert Comment.objects.get().text == "<b>Why?</b>\nSo."
    assert "&lt;b&gt;Why?&lt;/b&gt;" in shown(writer, f"/jobs/{job.pk}")
    for text, told in ((" ", "The comment is empty."), ("x" * 2_001, "It may have 2,000.")):
        answer = writer.post(f"/jobs/{job.pk}/comments", {"text": text}, follow=True)
        assert told in answer.content.decode()
    assert Comment.objects.count() == 1


def test_a_viewer_reads_and_changes_nothing(viewer: Client, tenant: Tenant) -> None:
    job = done(tenant)
    page = shown(viewer, f"/read?job={job.pk}")
    for words in ("Save the correction", "Save the comment", "Edit and run again"):
        assert words not in page
    for action in ("correction", "comments", "again"):
        assert viewer.post(f"/jobs/{job.pk}/{action}").status_code == 403
    assert viewer.get(f"/jobs/{job.pk}/again").status_code == 403


def test_a_job_is_edited_and_run_again(writer: Client, tenant: Tenant) -> None:
    job = done(
        tenant, "summarize", {"summary": "A fox."}, reference="POL-7", metadata={"of": "Köln"}
    )
    form = shown(writer, f"/jobs/{job.pk}/again")
    assert "The quick brown fox" in form
    assert "by batch" in form
    sent = {"text": "A quick bear.", "summarize-max_length": "50", "urgency": "later"}
    priced = writer.post(f"/jobs/{job.pk}/again", sent | {"price": "1"})
    assert "by batch" in priced.content.decode()
    assert not Rerun.objects.exists()
    response = writer.post(f"/jobs/{job.pk}/again", sent)
    made = Rerun.objects.get()
    assert response["Location"] == f"/jobs/{made.job_id}"
    assert made.source_id == job.pk
    given = JobInput.objects.get(job=made.job_id)
    assert (given.reference, given.metadata) == ("POL-7", {"of": "Köln"})
    assert given.options == {"max_length": 50}
    assert made.job.documents.get().text == "A quick bear."
    assert "Made of another job." in shown(writer, f"/jobs/{made.job_id}")
    assert f"/jobs/{made.job_id}" in shown(writer, f"/jobs/{job.pk}")


def test_files_go_along_when_a_job_is_run_again(writer: Client, tenant: Tenant) -> None:
    job = done(tenant, "summarize", {"summary": "A fox."})
    job.documents.all().delete()
    make_document(job, "Read of it.", name="a.pdf", original=b"%PDF", pages=1)
    assert "a.pdf" in shown(writer, f"/jobs/{job.pk}/again")
    writer.post(f"/jobs/{job.pk}/again", {"summarize-max_length": "50", "urgency": "later"})
    document = Rerun.objects.get().job.documents.get()
    assert (document.name, bytes(document.original or b"")) == ("a.pdf", b"%PDF")


def test_what_is_wrong_with_another_run_is_said_beside_the_field(
    writer: Client, tenant: Tenant
) -> None:
    job = done(tenant, "summarize", {"summary": "A fox."})
    sent = {"text": " ", "summarize-max_length": "7", "urgency": "later"}
    response = writer.post(f"/jobs/{job.pk}/again", sent)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Must be at least 10." in page
    assert "Must not be empty." in page
    assert not Rerun.objects.exists()
    assert AIJob.objects.count() == 1


def test_a_result_is_downloaded_as_word_markdown_and_json(writer: Client, tenant: Tenant) -> None:
    job = done(tenant, "analyze", ANALYSIS, reference="*Police* <7>\x02")
    Correction.objects.add(job, ANALYSIS | {"risks": []}, after=0, by="ann", now=NOW)
    word = docx.Document(io.BytesIO(writer.get(f"/jobs/{job.pk}/result?as=docx").content))
    said = [paragraph.text for paragraph in word.paragraphs]
    assert said[0] == "*Police* <7>\ufffd"
    assert "Corrected by ann on 2 Nov 2026, 09:00 UTC." in said
    assert said.index("Original result") < said.index("High: A gap") < said.index("Low: Vague")
    assert "pays for hail" in said
    text = writer.get(f"/jobs/{job.pk}/result?as=md").content.decode()
    assert text.startswith("# \\*Police\\* \\<7\\>")
    assert "> pays for hail" in text
    assert writer.get(f"/jobs/{job.pk}/result?as=exe").status_code == 400


def test_a_summary_in_word_has_its_headings_lists_and_direction(
    writer: Client, tenant: Tenant
) -> None:
    summary = "# Title\n\nA **strong** word.\n\n- one\n- two\n\nيجب الإبلاغ <img src=x>"
    job = done(tenant, "summarize", {"summary": summary})
    word = docx.Document(io.BytesIO(writer.get(f"/jobs/{job.pk}/result?as=docx").content))
    found = {p.text: p.style.name for p in word.paragraphs if p.style}
    assert found["Title"] == "Heading 2"
    assert found["one"] == "List Bullet"
    last = word.paragraphs[-1]
    assert last.text == "يجب الإبلاغ <img src=x>"
    assert "w:bidi" in last._p.xml
    strong = next(p for p in word.paragraphs if p.text == "A strong word.")
    assert [run.text for run in strong.runs if run.bold] == ["strong"]


def test_the_list_that_one_came_from_is_walked(writer: Client, tenant: Tenant) -> None:
    several = [make_job(tenant, now=NOW + timedelta(seconds=n)) for n in range(3)]
    page = shown(writer, f"/jobs/{several[1].pk}?list=status%3Dqueued%26before%3D")
    assert "2 of 3" in page
    assert f'rel="next" data-step="next" href="/jobs/{several[0].pk}?list=status%3Dqueued' in page
    assert f'rel="prev" data-step="previous" href="/jobs/{several[2].pk}?list=' in page
    assert 'href="/?status=queued&amp;before="' in page
    assert "data-step" not in shown(writer, f"/jobs/{several[1].pk}")
    assert writer.get(f"/jobs/{several[1].pk}?list=status%3Dnonsense").status_code == 400


def test_pages_of_results_take_few_queries(
    writer: Client, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    several = [
        done(tenant, "analyze", ANALYSIS, number=n, attempts=1, text="pays for hail " * 9_000)
        for n in range(5)
    ]
    Comment.objects.add(several[2], "Why?", by="ann", now=NOW)
    with django_assert_max_num_queries(10):
        shown(writer, f"/read?job={several[2].pk}")
    with django_assert_max_num_queries(10):
        shown(writer, f"/jobs/{several[2].pk}?list=job_type%3Danalyze&at=quote-1")

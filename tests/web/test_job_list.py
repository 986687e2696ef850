"""The list of jobs: rows with their answers, collections as one row, tabs, filters, live rows."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from aijobs.models import FOR_A_PERSON, AIJob, Collection, JobTag, Tag, new_id
from aijobs.pipeline import index
from aijobs.reading import job_list
from citizenapp.tenants.models import Tenant
from tests.api.rows import fail
from tests.factories import (
    NOW,
    make_batch,
    make_charge,
    make_job,
    make_output,
    make_tenant,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def reader(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


def later(seconds: int) -> Any:
    return NOW + timedelta(seconds=seconds)


def make_collection(tenant: Tenant, jobs: int, *, seconds: int = 0, **fields: Any) -> Collection:
    collection = Collection.objects.create(
        id=new_id(later(seconds)), tenant=tenant, name="Claims of May", job_type="summarize",
        total=jobs, created_by="max", created_at=later(seconds),
    )  # fmt: skip
    for number in range(jobs):
        text = f"Claim {number}"
        make_job(tenant, text=text, now=later(seconds), collection=collection, **fields)
    return collection


def names(response: Any) -> list[str]:
    rows = response.context["page"].rows
    return [row.collection.name if row.collection else row.label for row in rows]


def page(client: Client, **query: Any) -> str:
    response = client.get("/", query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_answer_stands_in_the_row(reader: Client, tenant: Tenant) -> None:
    sorted_one = make_job(tenant, "classify", status="completed", finished_at=NOW)
    make_output(sorted_one, {"category": "motor"})
    risky = make_job(tenant, "analyze", status="completed", finished_at=NOW)
    risk = {"risk": "Lapse", "severity": "high"}
    make_output(risky, {"findings": [], "obligations": [], "risks": [risk]})
    fail(make_job(tenant, status="failed", finished_at=NOW), 1)
    shown = page(reader)
    assert '<span class="tag">motor</span>' in shown
    assert "High risk" in shown
    assert "1 risk" in shown
    assert "Claude declined to answer this document." in shown


def test_a_collection_is_one_row_with_its_progress(reader: Client, tenant: Tenant) -> None:
    make_job(tenant, text="Early", now=later(0))
    collection = make_collection(tenant, 30, seconds=1)
    make_job(tenant, text="Late", now=later(2))
    AIJob.objects.filter(collection=collection)[:1].get().mark_canceled(NOW)
    response = reader.get("/")
    assert names(response) == ["Late", "Claims of May", "Early"]
    assert "1 of 30 ended · 1 canceled" in response.content.decode()
    assert len(names(reader.get("/", {"collections": "apart"}))) == 25
    assert len(names(reader.get("/", {"status": "queued"}))) == 25
    assert len(names(reader.get("/", {"status": "canceled"}))) == 1


def test_pages_of_jobs_and_collections_lead_to_each_and_back(
    reader: Client, tenant: Tenant
) -> None:
    for number in range(30):
        make_job(tenant, text=f"Letter {number:02}", now=later(2 * number))
        make_collection(tenant, 1, seconds=2 * number + 1)
    newest = reader.get("/")
    middle = reader.get("/", {"before": newest.context["page"].older})
    oldest = reader.get("/", {"before": middle.context["page"].older})
    assert [len(names(one)) for one in (newest, middle, oldest)] == [25, 25, 10]
    assert oldest.context["page"].older is None
    assert newest.context["page"].newer is None
    ids = [row.id for one in (newest, middle, oldest) for row in one.context["page"].rows]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 60
    back = reader.get("/", {"after": oldest.context["page"].newer})
    assert [row.id for row in back.context["page"].rows] == ids[25:50]
    first = reader.get("/", {"after": back.context["page"].newer})
    assert [row.id for row in first.context["page"].rows] == ids[:25]
    assert first.context["page"].newer is None


def test_tabs_count_what_is_behind_them(reader: Client, tenant: Tenant) -> None:
    make_job(tenant)
    make_job(tenant, status="submitted", batch=make_batch("assembled"))
    make_job(tenant, status="submitted", batch=make_batch("submitted"))
    make_job(tenant, status="processing", route="sync")
    for status in ("failed", "canceled", "completed", "completed"):
        make_job(tenant, status=status, finished_at=NOW)
    hidden = make_job(tenant)
    AIJob.objects.filter(pk=hidden.pk).update(erasing_since=NOW)
    make_job(make_tenant())
    tabs = {tab.title: tab for tab in reader.get("/").context["tabs"]}
    found = job_list.overview(tenant, now=NOW).counts
    assert (found.queued, found.in_progress, found.failed, found.canceled) == (1, 3, 1, 1)
    assert (
        tabs["Done"].count == 3
    )  # With the one that is being erased, of which no operation tells.
    for title in ("Waiting", "In progress", "Failed", "Canceled"):
        response = reader.get(f"/?{tabs[title].query}")
        assert len(names(response)) == tabs[title].count, title
        assert [tab.title for tab in response.context["tabs"] if tab.is_current] == [title]


@pytest.mark.parametrize("status", ["submitted", "processing"])
def test_old_links_lead_into_the_tab_of_what_is_in_progress(
    reader: Client, tenant: Tenant, status: str
) -> None:
    make_job(tenant, status="submitted", batch=make_batch("assembled"))
    make_job(tenant, status="submitted", batch=make_batch("submitted"))
    response = reader.get("/", {"status": status})
    assert len(names(response)) == 1
    assert [tab.title for tab in response.context["tabs"] if tab.is_current] == ["In progress"]


def test_counts_end_at_their_limit(
    reader: Client, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_list, "COUNT_LIMIT", 2)
    for _ in range(4):
        make_job(tenant)
        make_job(tenant, status="completed", finished_at=NOW)
    found = job_list.overview(tenant, now=NOW).counts
    assert found.queued == 3
    assert found.completed == 3


def test_what_is_found_is_counted_as_far_as_it_is_quick(
    reader: Client, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_list, "MATCH_LIMIT", 28)
    for number in range(30):
        make_job(tenant, text="Hail", now=later(number))
    index.run(NOW)
    assert reader.get("/", {"q": "hail"}).context["total"] == 29
    assert reader.get("/", {"by": "test"}).context["total"] == 29
    both = reader.get("/", {"q": "hail", "by": "test"})
    assert both.context["total"] is None
    assert "Many jobs found" in both.content.decode()


def test_each_filter_narrows_and_stands_as_a_chip(reader: Client, tenant: Tenant) -> None:
    job = make_job(tenant, "classify", text="Hail on the roof", now=NOW)
    job.input.created_by = "ann"
    job.input.save()
    make_charge(job, "0.25")
    make_charge(make_job(tenant, text="Snow", now=later(-10 * 86_400)), "0.1")
    JobTag.objects.create(tag=Tag.objects.create(tenant=tenant, name="Urgent"), job=job)
    index.run(NOW)
    for query, chip in [
        ({"job_type": "classify"}, "Kind"),
        ({"by": "ann"}, "Queued by"),
        ({"tag": "urgent"}, "Tag"),
        ({"from": "2026-11-02"}, "From"),
        ({"from": "2026-11-02", "to": "2026-11-02"}, "Queued"),
        ({"cost_from": "0.2"}, "Cost from"),
        ({"cost_from": "0.25", "cost_to": "0.25"}, "Cost"),
        ({"q": "hail"}, "Search"),
    ]:
        response = reader.get("/", query)
        assert names(response) == ["Hail on the roof"], query
        assert response.context["total"] == 1
        [found] = response.context["chips"]
        assert (found.title, found.query) == (chip, "")
    assert names(reader.get("/", {"to": "2026-11-01"})) == ["Snow"]
    assert names(reader.get("/", {"cost_to": "0.1"})) == ["Snow"]
    assert names(reader.get("/", {"q": "hail", "tag": "urgent", "cost_to": "0.1"})) == []


def test_the_cost_of_a_job_is_that_of_all_its_charges(reader: Client, tenant: Tenant) -> None:
    job = make_job(tenant)
    for _ in range(3):
        make_charge(job, "0.1")
    assert names(reader.get("/", {"cost_from": "0.3"})) != []
    assert names(reader.get("/", {"cost_from": "0.31"})) == []
    assert names(reader.get("/", {"cost_to": "0.29"})) == []


def test_days_are_those_of_the_workspace(reader: Client, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(time_zone="Asia/Tokyo")
    make_job(tenant, now=NOW.replace(hour=20))
    assert names(reader.get("/", {"from": "2026-11-03"})) != []
    assert names(reader.get("/", {"to": "2026-11-02"})) == []


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("status=nonsense", "status"),
        ("q=%2F%2F", "q"),
        ("from=2026-11-05&to=2026-11-02", "to"),
        ("cost_from=a", "cost_from"),
        ("cost_from=2&cost_to=1", "cost_to"),
        ("collections=none", "collections"),
        ("view=all", "view"),
    ],
)
def test_nonsense_is_a_page_that_says_so(reader: Client, query: str, named: str) -> None:
    response = reader.get(f"/?{query}")
    assert response.status_code == 400
    assert f"<code>{named}</code>" in response.content.decode()


def test_a_collection_of_somebody_else_is_not_there(reader: Client, tenant: Tenant) -> None:
    theirs = make_collection(make_tenant(), 1)
    assert reader.get("/", {"collection": str(theirs.pk)}).status_code == 404


def test_each_job_links_back_to_the_list(reader: Client, tenant: Tenant) -> None:
    job = make_job(tenant, "classify")
    shown = page(reader, job_type="classify", status="queued")
    query = quote("status=queued&job_type=classify", safe="")
    assert f'href="/jobs/{job.pk}?list={query}"' in shown


def test_the_view_of_costs_has_one_unit_a_column(reader: Client, tenant: Tenant) -> None:
    make_charge(make_job(tenant), "1.50", "3.00")
    make_charge(make_job(tenant), "0.000056", "0.000112")
    collection = make_collection(tenant, 1, seconds=5)
    job = AIJob.objects.get(collection=collection)
    make_charge(job, "0.25", "0.5")
    shown = page(reader, view="cost")
    costs = re.findall(r'<td class="cell-cost number">([^<]+)', shown)
    assert sorted(float(cost[1:]) for cost in costs) == pytest.approx([0.00006, 0.25, 1.5])
    assert len({len(cost) for cost in costs}) == 1


def test_a_viewer_sees_no_button_that_changes_something(client: Client, tenant: Tenant) -> None:
    client.force_login(make_user("vera", tenant, role="viewer"))
    make_job(tenant)
    shown = page(client)
    assert 'value="csv"' in shown
    for what in ("retry", "cancel", "erase", "untag"):
        assert f'value="{what}"' not in shown


def test_an_open_page_gets_its_own_rows_and_the_number_of_new_ones(
    reader: Client, tenant: Tenant
) -> None:
    old = [make_job(tenant, text=f"Old {number}", now=later(number)) for number in range(3)]
    shown = [str(job.pk) for job in reversed(old)]
    for number in range(4):
        make_job(tenant, text=f"New {number}", now=later(10 + number))
    make_collection(tenant, 5, seconds=20)
    AIJob.objects.filter(pk=old[0].pk).update(status="failed", finished_at=NOW)
    headers = {"X-Live": "1", "X-Live-Rows": ",".join(shown)}
    response = reader.get("/?status=queued", headers=headers)
    assert [str(row.id) for row in response.context["page"].rows] == shown
    assert response.context["page"].rows[2].status == "failed"
    assert response.context["new"] == 9
    assert "9 new" in response.content.decode()
    assert reader.get("/", headers=headers).context["new"] == 5
    assert '<nav aria-label="Main">' not in response.content.decode()


def test_an_open_page_is_told_little(reader: Client, tenant: Tenant) -> None:
    for number in range(25):
        make_job(tenant, text=f"A letter about hail {number}", now=later(number))
    whole = reader.get("/").content
    live = reader.get("/", headers={"X-Live": "1"}).content
    assert b'id="jobs"' in live
    assert len(live) < len(whole) - 4_000
    assert b"<option" not in live


def test_no_cache_takes_a_piece_for_the_page(reader: Client) -> None:
    for headers in ({}, {"X-Live": "1"}):
        response = reader.get("/", headers=headers)
        assert "X-Live" in response["Vary"]
        assert ("no-store" in response.get("Cache-Control", "")) == bool(headers)


def test_rows_of_others_are_not_told_to_an_open_page(reader: Client, tenant: Tenant) -> None:
    theirs = make_job(make_tenant())
    collection = make_collection(make_tenant(), 1)
    asked = f"{theirs.pk},{collection.pk}"
    response = reader.get("/", headers={"X-Live": "1", "X-Live-Rows": asked})
    assert response.context["page"].rows == []


@pytest.mark.parametrize("header", ["nonsense", ",", "\u00e9"])
def test_nonsense_in_the_header_is_as_good_as_none(reader: Client, header: str) -> None:
    response = reader.get("/", headers={"X-Live": "1", "X-Live-Rows": header})
    assert response.status_code == 200


QUERIES = [
    *("", "collections=apart", "status=queued", "q=fox", "tag=a", "view=cost"),
    *("by=max&from=2026-11-01", "cost_from=0"),
]


@pytest.mark.parametrize("query", QUERIES)
def test_no_page_asks_the_database_more_than_ten_times(
    client: Client, tenant: Tenant, django_assert_max_num_queries: Any, query: str
) -> None:
    client.force_login(make_user("olga", tenant, role="owner"))
    for number in range(30):
        job = make_job(tenant, now=later(number))
        make_charge(job)
        fail(make_job(tenant, status="failed", finished_at=NOW, now=later(number)), 1)
        make_collection(tenant, 1, seconds=number)
    index.run(NOW)
    client.get("/")
    with django_assert_max_num_queries(10):
        assert client.get(f"/?{query}").status_code == 200


def test_the_fragment_tells_when_jobs_are_expected(reader: Client, tenant: Tenant) -> None:
    waiting = make_job(tenant)
    done = make_job(tenant, status="completed", finished_at=NOW)
    theirs = make_job(make_tenant())
    asked = ",".join(str(job.pk) for job in (waiting, done, theirs))
    response = reader.get("/jobs/expected", {"job": asked})
    told = response.content.decode()
    assert f'data-for="{waiting.pk}"' in told
    assert "<time" in told
    assert str(done.pk) not in told
    assert str(theirs.pk) not in told


def test_the_list_says_without_a_script_when_jobs_are_expected(
    reader: Client, tenant: Tenant
) -> None:
    """What lies open asks for the same, in the same words."""
    waiting, held = make_job(tenant), make_job(tenant, not_before=FOR_A_PERSON)
    make_job(tenant, status="completed", finished_at=NOW)
    for page in ("/", "/?status=queued", "/?collections=apart"):
        shown = reader.get(page).content.decode()
        cells = dict(re.findall(r'data-expected="([^"]*)">(.*?)</td>', shown))
        assert cells.keys() == {str(waiting.pk), str(held.pk)}
        assert re.search("<time datetime=[^>]*>.* UTC</time>", cells[str(waiting.pk)])
        assert "wait for somebody to decide" in cells[str(held.pk)]
    assert "data-expected" in reader.get("/", headers={"X-Live": "1"}).content.decode()
    assert "<time" in reader.get("/", headers={"X-Live": "1"}).content.decode()


def test_the_fragment_takes_few_queries_however_many_jobs_wait(
    reader: Client, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    batch = make_batch("submitted")
    ids = [str(make_job(tenant).pk) for _ in range(12)]
    ids += [str(make_job(tenant, status="submitted", batch=batch).pk) for _ in range(12)]
    with django_assert_max_num_queries(10):
        assert reader.get("/jobs/expected", {"job": ",".join(ids)}).status_code == 200

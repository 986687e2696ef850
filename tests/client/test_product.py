"""The client with the product as `make run` serves it."""

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import openpyxl
import pytest

from citizenapp_client import AsyncClient, Client, Retries, Text, models, problems
from tests.client.conftest import CSV
from tests.client.server import Answer, Asked, answering
from tests.ground import Site

CATEGORIES = ["motor", "home", "travel"]
TABLE = ("policies.csv", CSV.encode())
COLUMNS = {"document_text": "Text", "reference": "Policy No."}


@pytest.fixture
def client(live_site: Site) -> Iterator[Client]:
    with Client(live_site.url, live_site.api_key) as client:
        yield client


def new() -> str:
    """A text that nobody has asked about."""
    return f"Hail on a car. {uuid4()}"


def test_one_job_from_text_to_result(client: Client) -> None:
    queued = client.summarize(new(), max_length=50, reference="P-1", metadata={"branch": "Bonn"})
    job = client.jobs.wait(queued.job_id, timeout=60)

    assert job.status == "completed"
    assert isinstance(job.result, models.SummarizeOutput)
    assert (job.reference, job.metadata) == ("P-1", {"branch": "Bonn"})
    assert job.cost_usd > Decimal(0)
    assert job.options == {"max_length": 50}


@pytest.mark.parametrize("job_type", ["summarize", "classify", "analyze"])
def test_each_job_type_takes_files(client: Client, tmp_path: Path, job_type: str) -> None:
    path = tmp_path / "policy.txt"
    path.write_text(new())
    wishes = {"needed_within": 0, "fresh": True}
    if job_type == "classify":
        queued = client.classify(file=path, categories=CATEGORIES, needed_within=0)
    elif job_type == "analyze":
        queued = client.analyze(file=[path, ("more.md", b"# More")], questions=["Who pays?"])
    else:
        queued = client.summarize(file=str(path), **wishes)  # type: ignore[arg-type]
    job = client.jobs.wait(queued.job_id, timeout=60)

    assert job.status == "completed"
    assert job.document.name == "policy.txt"
    assert len(job.documents) == (2 if job_type == "analyze" else 1)
    assert client.jobs.document(job.job_id) == path.read_text()
    saved = client.jobs.original(job.job_id, tmp_path / "again.txt")
    assert saved.read_bytes() == path.read_bytes()


def test_a_table_is_uploaded_watched_and_downloaded(client: Client, tmp_path: Path) -> None:
    upload = client.collections.upload(
        TABLE, job_type="classify", columns=COLUMNS, defaults={"categories": CATEGORIES}, fresh=True
    )
    assert upload.queued.accepted == 3
    states = list(upload.watch())
    assert states[-1].has_ended
    assert states[-1].counts.completed == 3
    assert states[-1].name == "policies"

    sheet = openpyxl.load_workbook(upload.results(tmp_path / "out.xlsx")).worksheets[0]
    assert [row[1].value for row in sheet.iter_rows()] == ["reference", "P-1", "P-2", "P-3"]
    rows = list(upload.rows())
    assert [row.reference for row in rows] == ["P-1", "P-2", "P-3"]
    assert all(isinstance(row.result, models.ClassifyOutput) for row in rows)
    text = upload.results(tmp_path / "out.csv").read_text()
    assert text.startswith("row,reference,job_id,status,category")


def test_items_are_queued_and_a_bad_one_is_named(client: Client) -> None:
    items = [{"document_text": new(), "reference": "C-1"}, {"document_text": ""}]
    with pytest.raises(problems.RejectedCollection) as raised:
        client.collections.create("Claims", job_type="summarize", items=items)
    assert [row.row for row in raised.value.rejected] == [2]
    assert "row 2: document_text" in str(raised.value)

    made = client.collections.create("Claims", job_type="summarize", items=items, on_error="skip")
    assert made.queued.accepted == 1
    assert made.queued.rejected[0].row == 2
    assert made.wait(timeout=60).counts.completed == 1


def test_a_trial_waits_for_a_word(client: Client) -> None:
    made = client.collections.create(
        "Trial",
        job_type="summarize",
        items=[{"document_text": new()} for _ in range(3)],
        trial=1,
    )
    for state in made.watch():
        if state.waits_for_you:
            break
    assert client.collections.continue_(made.collection_id) == 2
    assert made.wait(timeout=60).counts.completed == 3
    assert client.collections.cancel(made.collection_id) == 0
    assert client.collections.retry(made.collection_id, status="canceled") == 0


def test_a_quote_is_confirmed(client: Client) -> None:
    quote = client.quotes.upload(
        TABLE, job_type="classify", columns=COLUMNS, defaults={"categories": CATEGORIES}, fresh=True
    )
    assert quote.jobs == 3
    assert quote.batch is not None
    assert quote.batch.low_usd <= quote.batch.likely_usd <= quote.batch.high_usd
    done = client.quotes.confirm(quote.quote_id)
    assert done.collection_id
    assert client.quotes.get(quote.quote_id).collection_id == done.collection_id
    assert client.quotes.summarize(new()).jobs == 1
    assert client.quotes.classify(new(), categories=CATEGORIES).job_type == "classify"
    assert client.quotes.analyze(new(), questions=["Who?"]).job_type == "analyze"


def test_lists_are_paged_by_themselves(client: Client) -> None:
    reference = str(uuid4())
    for _ in range(5):
        client.summarize(new(), reference=reference)
    found = list(client.jobs.list(reference=reference, page_size=2))

    assert len({job.job_id for job in found}) == 5
    an_hour = timedelta(hours=1)
    assert list(client.jobs.list(reference=reference, created_before=datetime.now(UTC))) == found
    assert not list(
        client.jobs.list(reference=reference, created_after=datetime.now(UTC) + an_hour)
    )
    assert next(client.collections.list()).total > 0


def test_what_claude_writes_is_streamed(client: Client) -> None:
    queued = client.summarize(new(), needed_within=0)
    *pieces, job = client.jobs.stream(queued.job_id)

    assert isinstance(job, models.Job)
    assert job.status == "completed"
    assert all(isinstance(piece, Text) for piece in pieces)


def test_usage_is_told_and_written(client: Client, tmp_path: Path) -> None:
    client.jobs.wait(client.summarize(new()).job_id, timeout=60)
    usage = client.usage(group_by=["day", "route"], details=True)

    assert sum(row.cost_usd for row in usage.rows) == usage.totals.cost_usd
    assert usage.rows[0].day == datetime.now(UTC).date()
    assert client.usage_table(tmp_path / "usage.csv").read_text().startswith("day,")
    workbook = openpyxl.load_workbook(client.usage_table(tmp_path / "usage.xlsx"))
    assert len(workbook.worksheets) == 3


def test_a_refusal_is_the_exception_of_its_type(live_site: Site, client: Client) -> None:
    with pytest.raises(problems.InvalidFields) as raised:
        client.classify(new(), categories=["only"])
    assert "categories" in raised.value.errors
    with pytest.raises(problems.NotFound):
        client.jobs.get(uuid4())
    with Client(live_site.url, "wrong") as stranger, pytest.raises(problems.NotAuthenticated):
        stranger.jobs.page()
    job_id = client.summarize(new(), needed_within=0).job_id
    client.jobs.wait(job_id, timeout=60)
    with pytest.raises(problems.Conflict):
        client.jobs.cancel(job_id)


def test_an_answer_that_is_lost_makes_no_second_job(live_site: Site, client: Client) -> None:
    there = urlsplit(live_site.url).netloc
    reference, lost = str(uuid4()), 2

    def answer(asked: Asked) -> Answer:
        """The product has done it; its answer does not arrive, twice."""
        nonlocal lost
        ahead = HTTPConnection(there, timeout=30)
        ahead.request(asked.method, asked.path, asked.body, dict(asked.headers))
        said = ahead.getresponse()
        body = said.read()
        ahead.close()
        if lost:
            lost -= 1
            return Answer(drop=True)
        headers = {"Content-Type": said.headers["Content-Type"]}
        return Answer(said.status, headers=headers, pieces=(body,))

    with answering(answer) as server:
        retries = Retries(first=0.01)
        with Client(server.url, live_site.api_key, retries=retries) as through:
            queued = through.summarize(file=("a.txt", new().encode()), reference=reference)

    assert len(server.asked) == 3
    assert [job.job_id for job in client.jobs.list(reference=reference)] == [queued.job_id]


def test_many_jobs_are_moved_by_an_operation(client: Client) -> None:
    made = client.collections.create(
        "Many", job_type="summarize", items=[{"document_text": new()} for _ in range(4)], trial=1
    )
    waiting = [
        job.job_id for job in client.jobs.list(collection=made.collection_id) if job.row != 1
    ]
    asked = client.jobs.cancel_many(waiting[:2])
    canceled = client.operations.wait(asked.operation_id, timeout=60)
    assert (canceled.kind, canceled.status, canceled.total) == ("cancel", "completed", 2)
    again = client.jobs.retry_many(filter={"collection": made.collection_id, "status": "canceled"})
    retried = client.operations.wait(again.operation_id, timeout=60)
    assert retried.changed == canceled.changed
    assert next(client.operations.list()).operation_id == again.operation_id


def test_what_is_erased_is_gone(client: Client) -> None:
    made = client.collections.create(
        "Erased", job_type="summarize", items=[{"document_text": new()} for _ in range(2)]
    )
    made.wait(timeout=60)
    job_id = next(client.jobs.list(collection=made.collection_id)).job_id
    assert client.jobs.erase(job_id) is None
    with pytest.raises(problems.NotFound):
        client.jobs.get(job_id)
    if operation := client.collections.erase(made.collection_id):
        client.operations.wait(operation.operation_id, timeout=60)
    with pytest.raises(problems.NotFound):
        made.get()


def test_everything_is_exported(client: Client, tmp_path: Path) -> None:
    with zipfile.ZipFile(client.export(tmp_path / "workspace.zip")) as zipped:
        assert "export.json" in zipped.namelist()
        assert zipped.testzip() is None


def test_webhooks_are_made_changed_tried_and_deleted(client: Client) -> None:
    made = client.webhooks.create("https://example.com/hook", events=["job.failed"])
    assert made.secret.startswith("whsec_")
    changed = client.webhooks.change(made.webhook_id, description="Mine", state="on")
    assert changed.description == "Mine"
    assert made.webhook_id in {one.webhook_id for one in client.webhooks.list()}
    tried = client.webhooks.test(made.webhook_id)
    delivery = client.webhooks.delivery(made.webhook_id, tried.delivery_id)
    assert delivery.body["type"] == "webhook.test"
    assert [one.delivery_id for one in client.webhooks.deliveries(made.webhook_id)] == [
        tried.delivery_id
    ]
    assert client.webhooks.rotate(made.webhook_id).secret != made.secret
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert client.webhooks.replay(made.webhook_id, from_=an_hour_ago) >= 0
    client.webhooks.delete(made.webhook_id)
    with pytest.raises(problems.NotFound):
        client.webhooks.get(made.webhook_id)


async def test_the_async_client_does_the_same(live_site: Site, tmp_path: Path) -> None:
    async with AsyncClient(live_site.url, live_site.api_key) as client:
        upload = await client.collections.upload(
            TABLE, job_type="classify", columns=COLUMNS, defaults={"categories": CATEGORIES}
        )
        async for state in upload.watch():
            last = state
        assert last.counts.completed == 3
        path = await upload.results(tmp_path / "out.ndjson")
        assert len(path.read_text().splitlines()) == 3
        assert [row.reference async for row in upload.rows()] == ["P-1", "P-2", "P-3"]
        found = [job async for job in client.jobs.list(collection=upload.collection_id)]
        assert len(found) == 3
        queued = await client.summarize(new())
        assert (await client.jobs.wait(queued.job_id, timeout=60)).status == "completed"

"""A table is looked at before it is queued, and each of its columns can be given a meaning."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from aijobs.models import AIJob, Collection
from citizenapp.tenants.models import Tenant
from tests.factories import make_tenant, make_user

pytestmark = pytest.mark.django_db

TABLE = "policy_no,policy_text,branch\r\nP-1,Hail is insured.,north\r\nP-2,,south\r\nP-3,Fire,\r\n"


@pytest.fixture
def writer(client: Client, db: None) -> Client:
    client.force_login(make_user("max", make_tenant()))
    return client


def send(client: Client, path: str, table: str, name: str = "a.csv", **fields: str) -> Any:
    posted: dict[str, Any] = {
        "name": "October",
        "job_type": "summarize",
        "on_error": "reject",
        "urgency": "later",
        "table": SimpleUploadedFile(name, table.encode()),
    }
    return client.post(path, posted | fields)


def look(client: Client, table: str, name: str = "a.csv", **fields: str) -> Any:
    return send(client, "/collections/preview", table, name, **fields).context["preview"]


def columns(**chosen: str) -> dict[str, str]:
    return {f"columns.{name}": header for name, header in chosen.items()}


def test_a_preview_stores_nothing(writer: Client) -> None:
    found = look(writer, TABLE)
    assert (found.good, found.bad) == (2, 1)
    assert not Collection.objects.exists()
    assert not AIJob.objects.exists()


def test_what_was_asked_before_is_free_and_says_so(writer: Client) -> None:
    Tenant.objects.update(repeat_days=30)
    table = "policy_text\r\nHail.\r\nFire.\r\nHail.\r\n"
    page = send(writer, "/collections/preview", table, **columns(document_text="policy_text"))
    assert "1 of 3 was asked before: $0." in page.content.decode()
    anew = look(writer, table, **columns(document_text="policy_text"), fresh="on")
    assert anew.offer.repeated == 0


def test_bad_rows_are_grouped_under_the_columns_own_name(writer: Client) -> None:
    chosen = columns(document_text="policy_text", reference="policy_no")
    found = look(writer, TABLE, **chosen)
    assert list(map(str, found.groups)) == ["1 row: policy_text: The cell is empty. (row 3)"]
    assert found.ready == 0
    assert look(writer, TABLE, on_error="skip", **chosen).ready == 2


def test_the_first_rows_are_shown_with_their_own_columns(writer: Client) -> None:
    chosen = columns(document_text="policy_text", reference="policy_no")
    found = look(writer, TABLE, **chosen)
    assert list(found.shown) == ["policy_text", "policy_no", "branch"]
    assert found.rows[0] == (2, ["Hail is insured.", "P-1", "north"])


def test_a_table_without_a_text_says_so_once(writer: Client) -> None:
    found = look(writer, TABLE, **columns(document_text="", reference="policy_no"))
    assert found.error == "Choose the column that holds the text of the documents."
    assert (found.ready, found.groups) == (0, ())


def test_the_columns_that_were_chosen_are_the_ones_that_are_queued(writer: Client) -> None:
    chosen = columns(document_text="policy_text", reference="branch")
    send(writer, "/collections/new", TABLE, on_error="skip", **chosen)
    jobs = AIJob.objects.select_related("input").order_by("pk")
    assert [one.documents.get().text for one in jobs] == ["Hail is insured.", "Fire"]
    assert [one.input.reference for one in jobs] == ["north", ""]
    assert jobs[0].input.metadata == {"policy_no": "P-1"}


def test_a_field_may_have_no_column_although_one_is_called_like_it(writer: Client) -> None:
    table = "reference,text\r\nP-1,Hail\r\n"
    send(writer, "/collections/new", table, **columns(document_text="text", reference=""))
    job = AIJob.objects.select_related("input").get()
    assert (job.input.reference, job.input.metadata) == ("", {"reference": "P-1"})


def test_keys_of_ndjson_are_mapped_like_headers(writer: Client) -> None:
    lines = '{"body": "Hail", "no": 7, "branch": "north"}\n'
    chosen = columns(document_text="body", reference="branch")
    assert look(writer, lines, "a.ndjson", **chosen).rows == [(1, ["Hail", "north", "7"])]
    send(writer, "/collections/new", lines, "a.ndjson", **chosen)
    job = AIJob.objects.select_related("input").get()
    assert (job.documents.get().text, job.input.reference) == ("Hail", "north")
    assert job.input.metadata == {"no": "7"}


def test_a_table_that_cannot_be_read_says_why(writer: Client) -> None:
    assert "cannot be read" in look(writer, "%PDF-1.7", "a.pdf").error


def test_cells_are_never_markup(writer: Client) -> None:
    response = send(writer, "/collections/preview", "text,<b>x</b>\r\n<script>,<img>\r\n")
    page = response.content.decode()
    assert "<script>" not in page
    assert "<img>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_without_scripts_the_form_comes_back_with_the_preview(writer: Client) -> None:
    page = send(writer, "/collections/new", TABLE, preview="1").content.decode()
    assert "Which column is what?" in page
    assert not Collection.objects.exists()


def test_a_field_that_no_row_has_is_told_once_and_the_rows_are_shown_all_the_same(
    writer: Client,
) -> None:
    found = look(writer, TABLE.replace("P-2,,", "P-2,Theft,"), job_type="classify")
    assert found.error == "Categories: This field is required."
    assert not found.groups
    assert len(found.rows) == 3


def test_a_field_that_every_row_lacks_is_refused_beside_the_field(writer: Client) -> None:
    response = send(writer, "/collections/new", TABLE, job_type="classify")
    (options,) = [one for one in response.context["form"].options if one.kind.name == "classify"]
    assert options.errors["categories"] == ["This field is required."]
    assert "refusal" not in response.context
    assert not Collection.objects.exists()


def test_the_preview_tells_what_the_good_rows_will_cost(writer: Client) -> None:
    text = "x" * 30_000
    found = look(
        writer, "document_text\r\n" + f"{text}\r\n" * 10, **{"summarize-max_length": "100"}
    )
    assert (found.offer.later, found.offer.now) == ("$0.004–$0.006", "$0.008–$0.012")
    page = send(
        writer, "/collections/preview", "document_text\r\n" + f"{text}\r\n" * 10
    ).content.decode()
    assert "in batches" in page

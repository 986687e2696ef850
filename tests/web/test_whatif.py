"""The page of what the charges would have been."""

from datetime import date
from typing import Any

import pytest
from django.test import Client

from tests.factories import make_charge, make_job, make_tenant, make_user

pytestmark = pytest.mark.django_db

NOVEMBER = {"from": "2026-11-01", "to": "2026-11-30"}


@pytest.fixture(autouse=True)
def member(client: Client) -> None:
    tenant = make_tenant()
    client.force_login(make_user("max", tenant))
    for owner in (tenant, make_tenant()):
        make_charge(
            make_job(owner), "1000", "1000", route="sync", input_tokens=500_000_000,
            output_tokens=0, model="claude-sonnet-5-5", priced_as="claude-sonnet-5-5",
            priced_on=date(2026, 11, 2),
        )  # fmt: skip


def look(client: Client, **query: str) -> Any:
    return client.get("/usage/whatif", NOVEMBER | query)


def test_the_charges_are_shown_as_they_were_and_would_be(client: Client) -> None:
    page = look(client, batch_share="0.65")
    whole = page.context["whole"]
    assert (whole.was, whole.would_be, whole.difference) == ("$1,000.00", "$675.00", "−$325.00")
    assert 'value="0.65"' in page.content.decode()


def test_nothing_is_different_until_something_is_asked(client: Client) -> None:
    page = look(client, batch_share="", model="", cache_hit="")
    assert "Nothing is different yet" in page.content.decode()
    assert page.context["whole"].difference == "$0.00"


def test_a_time_without_charges_and_one_that_is_too_long_say_so(client: Client) -> None:
    page = client.get("/usage/whatif", {"month": "2020-01"})
    assert "Nothing charged in this time" in page.content.decode()
    page = client.get("/usage/whatif", {"from": "2026-01-01", "to": "2026-12-31"})
    assert "manage.py whatif" in page.content.decode()


@pytest.mark.parametrize(
    ("name", "value"), [("batch_share", "2"), ("cache_hit", "0,5"), ("model", "gpt")]
)
def test_what_is_wrong_is_named(client: Client, name: str, value: str) -> None:
    page = look(client, **{name: value})
    assert page.status_code == 400
    assert name in page.content.decode()

"""Dates, numbers and money are written as the reader is used to."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from citizenapp.tenants import reader
from citizenapp.tenants.reader import EVERYBODY, Reader
from tests.factories import make_tenant, make_user

NOON = datetime(2026, 11, 26, 11, 5, tzinfo=UTC)
ADDRESS = "/settings/you/dates"


pytestmark = pytest.mark.django_db


@pytest.fixture
def member(client: Client) -> Client:
    client.force_login(make_user("mia", make_tenant()))
    return client


def written_for(languages: str, zone: str = "UTC") -> list[str]:
    found = Reader(*reader.locales_of(languages), ZoneInfo(zone))
    with reader.reading(lambda: found):
        return [
            reader.count(1234567),
            reader.usd(Decimal("-1234.5"), 2),
            reader.moment(NOON),
            reader.short_day(date(2026, 11, 2)),
        ]


@pytest.mark.parametrize(
    ("languages", "written"),
    [
        ("en-US,en;q=0.9", ["1,234,567", "−$1,234.50", "Nov 26, 2026, 11:05 AM UTC", "Nov 2"]),
        ("en", ["1,234,567", "−$1,234.50", "Nov 26, 2026, 11:05 AM UTC", "Nov 2"]),
        ("de-DE,de;q=0.9", ["1.234.567", "−1.234,50\xa0$", "26 Nov 2026, 11:05 UTC", "2 Nov"]),
        ("de", ["1.234.567", "−1.234,50\xa0$", "26 Nov 2026, 11:05 UTC", "2 Nov"]),
        ("", ["1,234,567", "−$1,234.50", "26 Nov 2026, 11:05 UTC", "2 Nov"]),
        ("tlh, xx-YY;q=3, ;;", ["1,234,567", "−$1,234.50", "26 Nov 2026, 11:05 UTC", "2 Nov"]),
    ],
)
def test_each_region_has_its_own_way(languages: str, written: list[str]) -> None:
    assert [one.replace("\u202f", " ") for one in written_for(languages)] == written


def test_moments_are_told_in_the_time_zone_of_the_reader() -> None:
    assert written_for("de-CH", "Europe/Zurich")[2] == "26 Nov 2026, 12:05 CET"


@given(st.text(max_size=60))
def test_no_browser_can_say_what_breaks_a_page(languages: str) -> None:
    assert len(written_for(languages)) == 4


@given(st.decimals(0, 10**9, places=10), st.integers(0, 10), st.sampled_from(["de", "fr", "en-IN"]))
def test_a_sum_keeps_its_places(amount: Decimal, places: int, language: str) -> None:
    rounded = amount.quantize(Decimal(1).scaleb(-places))
    with reader.reading(lambda: Reader(*reader.locales_of(language))):
        digits = "".join(filter(str.isdigit, reader.usd(rounded, places)))
    assert int(digits) == int(rounded.scaleb(places))


def test_outside_of_a_page_everybody_reads_the_same() -> None:
    assert reader.current() is EVERYBODY


def test_the_reader_is_found_once_and_only_when_needed() -> None:
    asked: list[int] = []

    def find() -> Reader:
        asked.append(1)
        return EVERYBODY

    with reader.reading(find):
        assert not asked
        reader.count(1)
        reader.count(2)
    assert asked == [1]


def test_a_page_says_how_it_is_written(member: Client) -> None:
    shown = member.get("/", headers={"accept-language": "de-CH"}).content.decode()
    assert 'data-dates="en-CH" data-numbers="de-CH"' in shown
    assert "data-zone" not in shown


def test_a_person_chooses(member: Client) -> None:
    assert member.post(ADDRESS, {"locale": "de-DE", "time_zone": "Asia/Tokyo"}).status_code == 302
    shown = member.get(ADDRESS, headers={"accept-language": "en-US"}).content.decode()
    assert 'data-dates="en-DE" data-numbers="de-DE" data-zone="Asia/Tokyo"' in shown


@pytest.mark.parametrize("wrong", [{"locale": "xx"}, {"time_zone": "Mars/Base"}])
def test_what_nobody_offers_is_refused(member: Client, wrong: dict[str, str]) -> None:
    assert member.post(ADDRESS, wrong).status_code == 422


def test_machines_read_the_same_in_every_language(member: Client) -> None:
    refused = member.post(
        "/api/ai/jobs/cancel",
        {"ids": []},
        content_type="application/json",
        headers={"accept-language": "de-DE"},
    )
    assert "1.000" not in refused.content.decode()

"""Too many wrong passwords: by name, by address, by whatever name, and not for ever."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.db.models import F
from django.test import Client, RequestFactory
from pytest_django import Settings

from citizenapp.tenants.models import User
from citizenapp.tenants.throttle import client_address
from tests.factories import make_tenant, make_user

pytestmark = pytest.mark.django_db

PERSONAL, OF_ADDRESS, OF_USER = django_settings.SIGN_IN_LIMITS
HOME, OFFICE = "198.51.100.7", "203.0.113.9"


def attempt(name: str, password: str, door: str = "/sign-in", **meta: str) -> Any:
    """One try to sign in, by a browser that knows nothing of the tries before."""
    fields = {"username": name, "password": password}
    return Client().post(door, fields, **({"REMOTE_ADDR": HOME} | meta))  # type: ignore[arg-type]


def let_time_pass(seconds: float) -> None:
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(seconds=seconds))


@pytest.fixture(autouse=True)
def ada() -> User:
    return make_user("ada", make_tenant())


@pytest.fixture
def staff(ada: User) -> User:
    ada.is_staff = ada.is_superuser = True
    ada.save()
    return ada


def test_of_25_wrong_passwords_few_are_looked_at() -> None:
    statuses = [attempt("ada", f"guess{n}").status_code for n in range(25)]

    assert statuses[PERSONAL - 1 :] == [429] * (25 - PERSONAL + 1)
    assert 429 not in statuses[: PERSONAL - 1]
    assert attempt("ada", "ada").status_code == 429


def test_the_door_of_the_admin_looks_at_no_password(staff: User) -> None:
    answer = attempt("ada", "ada", "/admin/login/?next=/admin/aijobs/")

    assert answer["Location"] == "/sign-in?next=%2Fadmin%2Faijobs%2F"


def test_a_username_and_an_address_of_one_person_share_their_counts(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(email="Ada@example.com")
    for name in ["ada", "ada@example.com", "ADA@EXAMPLE.COM", "ada", "ada@example.com"]:
        attempt(name, "wrong")

    assert attempt("ada", "ada").status_code == 429
    assert attempt("ada@example.com", "ada").status_code == 429


def test_wrong_passwords_of_somebody_signed_in_count_as_well(ada: User) -> None:
    browser = Client(REMOTE_ADDR=HOME)
    browser.force_login(ada)
    statuses = [
        browser.post("/sign-in/again", {"password": f"guess{n}"}).status_code
        for n in range(PERSONAL)
    ]

    assert statuses == [422] * (PERSONAL - 1) + [429]
    assert attempt("ada", "ada").status_code == 429


def test_the_page_says_how_long_to_wait_and_keeps_the_way_back() -> None:
    for _ in range(PERSONAL - 1):
        attempt("ada", "wrong")
    let_time_pass(60)
    page = attempt("ada", "wrong", "/sign-in?next=/usage")

    assert page.status_code == 429
    assert int(page["Retry-After"]) == 15 * 60
    assert "Try again in 15 minutes" in page.content.decode()
    assert 'href="/sign-in?next=/usage"' in page.content.decode()
    let_time_pass(14 * 60 + 30)
    page = attempt("ada", "ada")
    assert 0 < int(page["Retry-After"]) <= 30
    assert "Try again in 1 minute." in page.content.decode()


def test_after_the_cool_off_the_right_password_opens_again() -> None:
    for _ in range(PERSONAL):
        attempt("ada", "wrong")
    let_time_pass(15 * 60)

    assert attempt("ada", "ada").status_code == 302


def test_trying_on_does_not_make_it_longer() -> None:
    for _ in range(PERSONAL):
        attempt("ada", "wrong")
    let_time_pass(14 * 60)
    for _ in range(3):
        assert attempt("ada", "wrong").status_code == 429
    let_time_pass(60)

    assert attempt("ada", "ada").status_code == 302


def test_a_right_password_makes_the_wrong_ones_forgotten() -> None:
    for _ in range(PERSONAL - 1):
        attempt("ada", "wrong")
    assert attempt("ada", "ada").status_code == 302
    for _ in range(PERSONAL - 1):
        assert attempt("ada", "wrong").status_code == 422

    assert attempt("ada", "ada").status_code == 302


def test_others_at_the_address_and_the_same_person_elsewhere_are_let_in() -> None:
    make_user("ben", make_tenant())
    for _ in range(PERSONAL):
        attempt("ada", "wrong")

    assert attempt("ben", "ben").status_code == 302
    assert attempt("ada", "ada", REMOTE_ADDR=OFFICE).status_code == 302


def test_an_address_that_tries_one_password_for_many_names_is_kept_out() -> None:
    for n in range(OF_ADDRESS - 1):
        assert attempt(f"user{n}", "password1").status_code == 422
    assert attempt("user", "password1").status_code == 429

    assert attempt("ada", "ada").status_code == 429
    assert attempt("ada", "ada", REMOTE_ADDR=OFFICE).status_code == 302


def test_an_account_of_ones_own_does_not_wipe_out_the_count_of_an_address() -> None:
    for n in range(OF_ADDRESS - 1):
        attempt(f"user{n}", "password1")
    assert attempt("ada", "ada").status_code == 302

    assert attempt("user", "password1").status_code == 429


def test_many_addresses_that_try_one_name_are_kept_out() -> None:
    statuses = [
        attempt("ada", "wrong", REMOTE_ADDR=f"192.0.2.{n}").status_code for n in range(OF_USER)
    ]

    assert statuses == [422] * (OF_USER - 1) + [429]
    assert attempt("ada", "ada", REMOTE_ADDR=OFFICE).status_code == 429


def test_another_browser_does_not_help() -> None:
    statuses = [
        attempt("ada", "wrong", HTTP_USER_AGENT=f"browser {n}").status_code for n in range(PERSONAL)
    ]

    assert statuses[-1] == 429


def test_what_is_kept_has_no_password_in_it() -> None:
    attempt("ada", "my dog's name")

    (kept,) = AccessAttempt.objects.values()
    assert "my dog's name" not in str(kept)


def test_staff_let_a_person_try_again_by_deleting_what_is_counted(staff: User) -> None:
    for _ in range(PERSONAL):
        attempt("ada", "wrong", REMOTE_ADDR=OFFICE)
    browser = Client()
    browser.force_login(staff)
    (kept,) = AccessAttempt.objects.all()
    browser.post(f"/admin/axes/accessattempt/{kept.pk}/delete/", {"post": "yes"})

    assert attempt("ada", "ada", REMOTE_ADDR=OFFICE).status_code == 302


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer", "client"),
    [
        (0, "", HOME, HOME),
        (0, OFFICE, HOME, HOME),  # nobody in front wrote that
        (1, OFFICE, "10.0.0.1", OFFICE),
        (1, f"1.1.1.1, {OFFICE}", "10.0.0.1", OFFICE),  # the client wrote the first
        (2, f"1.1.1.1, {OFFICE}, 10.0.0.2", "10.0.0.1", OFFICE),
        (2, OFFICE, "10.0.0.1", "10.0.0.1"),
        (1, "unknown", "10.0.0.1", "10.0.0.1"),
        (1, "", "", None),
        (0, "", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (0, "", "::ffff:198.51.100.7", HOME),
    ],
)
def test_the_address_is_that_of_the_client_as_the_trusted_proxies_saw_it(
    settings: Settings, proxies: int, forwarded: str, peer: str, client: str | None
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=peer)
    if forwarded:
        request.META["HTTP_X_FORWARDED_FOR"] = forwarded

    assert client_address(request) == client


def test_behind_a_proxy_one_client_does_not_keep_out_the_others(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 1
    proxy = {"REMOTE_ADDR": "10.0.0.1"}
    for n in range(OF_ADDRESS):
        # The client's own part of the header changes each time; that of the proxy does not.
        forwarded = f"192.0.2.{n}, {HOME}"
        attempt(f"user{n}", "password1", HTTP_X_FORWARDED_FOR=forwarded, **proxy)

    assert attempt("ada", "ada", HTTP_X_FORWARDED_FOR=HOME, **proxy).status_code == 429
    assert attempt("ada", "ada", HTTP_X_FORWARDED_FOR=OFFICE, **proxy).status_code == 302

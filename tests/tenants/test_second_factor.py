"""A code from an app, recovery codes, and what staff must have."""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from pytest_django import Settings

from citizenapp.tenants import second_factor
from citizenapp.tenants.models import User
from tests.factories import make_tenant, make_user
from tests.tenants.browser import App, Browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("committing")]


@pytest.fixture
def ada() -> User:
    return make_user("ada", make_tenant())


@pytest.fixture
def browser(ada: User) -> Browser:
    """Signed in as Ada, who has just shown that it is her."""
    browser = Browser()
    browser.sign_in("ada")
    browser.post("/sign-in/again", {"password": "ada"})
    return browser


def set_up(browser: Browser) -> App:
    page = browser.get("/settings/security/app")
    app = App(page.context["form"].secret)
    answer = browser.post("/settings/security/app", {"code": app.code(time.time())})
    assert answer["Location"] == "/settings/security/codes"
    return app


def codes_of(browser: Browser) -> list[str]:
    found: list[str] = browser.get("/settings/security/codes").context["unused_codes"]
    return found


def make_staff(user: User) -> None:
    user.is_staff = user.is_superuser = True
    user.save()


def test_setting_up_an_app_asks_first_whether_it_is_still_the_same_person(ada: User) -> None:
    browser = Browser()
    browser.sign_in("ada")

    page = browser.get("/settings/security/app")
    assert page["Location"] == "/sign-in/again?next=%2Fsettings%2Fsecurity%2Fapp"
    wrong = browser.post(page["Location"], {"password": "wrong"})
    assert wrong.status_code == 422
    right = browser.post(page["Location"], {"password": "ada"})
    assert right["Location"] == "/settings/security/app"
    assert browser.get("/settings/security/app").status_code == 200


def test_with_an_app_a_password_alone_opens_nothing(browser: Browser) -> None:
    app = set_up(browser)
    other = Browser()

    assert other.sign_in("ada", next="/usage")["Location"] == "/sign-in/code"
    assert other.user is None
    assert other.post("/sign-in/code", {"code": "000000"}).status_code == 422
    assert other.user is None
    step = other.post("/sign-in/code", {"code": app.code(time.time(), 1)})
    assert step["Location"] == "/usage"
    assert other.user


def test_a_code_opens_once(browser: Browser) -> None:
    code = set_up(browser).code(time.time(), 1)
    statuses = []
    for _ in range(2):
        other = Browser()
        other.sign_in("ada")
        statuses.append(other.post("/sign-in/code", {"code": code}).status_code)

    assert statuses == [302, 422]


def test_wrong_codes_are_looked_at_five_times(browser: Browser) -> None:
    app = set_up(browser)
    for _ in range(5):
        # A new browser each: the limit is the person's.
        other = Browser()
        other.sign_in("ada")
        other.post("/sign-in/code", {"code": "000000"})
    other = Browser()
    other.sign_in("ada")
    page = other.post("/sign-in/code", {"code": app.code(time.time(), 1)})

    assert page.status_code == 422
    assert "Too many wrong codes" in page.content.decode()
    assert other.user is None


def test_a_recovery_code_opens_once_in_the_place_of_the_app(browser: Browser) -> None:
    set_up(browser)
    [code, *others] = codes_of(browser)
    statuses = []
    for _ in range(2):
        other = Browser()
        other.sign_in("ada")
        statuses.append(other.post("/sign-in/code", {"code": code}).status_code)

    assert statuses == [302, 422]
    assert codes_of(browser) == others
    assert len(others) == 9


def test_new_recovery_codes_take_the_place_of_the_old(browser: Browser) -> None:
    set_up(browser)
    old = codes_of(browser)
    browser.post("/settings/security/codes/new")

    assert not {*old} & {*codes_of(browser)}
    file = browser.get("/settings/security/codes/download")
    assert file["Content-Type"].startswith("text/plain")
    assert all(code in file.content.decode() for code in codes_of(browser))


def test_without_the_app_a_password_is_enough_again(browser: Browser) -> None:
    set_up(browser)
    browser.post("/settings/security/app/remove")

    assert Browser().sign_in("ada")["Location"] == "/"
    assert not Authenticator.objects.exists()


def test_who_has_an_address_is_told_of_each_change(ada: User, browser: Browser) -> None:
    User.objects.filter(pk=ada.pk).update(email="ada@example.com")
    set_up(browser)
    browser.post("/settings/security/app/remove")

    assert [(one.subject, one.to) for one in mail.outbox] == [
        ("An authenticator app was set up for CitizenApp", ["ada@example.com"]),
        ("The authenticator app was removed from CitizenApp", ["ada@example.com"]),
    ]
    assert "http://testserver/settings/security" in str(mail.outbox[0].body)


def test_the_database_holds_no_secret_that_can_be_read(browser: Browser) -> None:
    app = set_up(browser)
    kept = str(list(Authenticator.objects.values()))

    assert app.secret not in kept
    assert second_factor.decrypt(Authenticator.objects.get(type="totp").data["secret"]) == (
        app.secret
    )


def test_an_earlier_secret_key_still_reads_them_and_a_lost_one_is_said(
    browser: Browser, settings: Settings
) -> None:
    app = set_up(browser)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    lost = Browser()
    lost.sign_in("ada")
    page = lost.post("/sign-in/code", {"code": app.code(time.time())})
    assert page.status_code == 409
    assert "cannot be read" in page.content.decode()

    settings.SECRET_KEY_FALLBACKS = [old]
    other = Browser()
    other.sign_in("ada")
    assert other.post("/sign-in/code", {"code": app.code(time.time(), 1)}).status_code == 302


def test_staff_without_a_second_factor_are_led_to_set_one_up(
    ada: User, browser: Browser, settings: Settings
) -> None:
    make_staff(ada)
    settings.STAFF_SECOND_FACTOR = True
    for path in ("/admin/", "/admin/aijobs/batch/", "/admin/nowhere"):
        assert browser.get(path)["Location"] == "/settings/security"
    assert "Staff need a second factor" in browser.get("/settings/security").content.decode()
    assert browser.get("/usage").status_code == 200
    assert Browser().get("/admin/")["Location"] == "/admin/login/?next=/admin/"

    set_up(browser)
    assert browser.get("/admin/").status_code == 200
    Authenticator.objects.all().delete()
    assert browser.post("/admin/logout/")["Location"] == "/sign-in"


def test_staff_who_have_one_show_it_before_they_see_the_admin(
    ada: User, browser: Browser, settings: Settings
) -> None:
    make_staff(ada)
    before = Browser()
    before.sign_in("ada")
    app = set_up(browser)
    settings.STAFF_SECOND_FACTOR = True

    again = before.get("/admin/?q=x")["Location"]
    assert again == "/sign-in/again/code?next=%2Fadmin%2F%3Fq%3Dx"
    step = before.post(again, {"code": app.code(time.time(), 1)})
    assert step["Location"] == "/admin/?q=x"
    assert before.get("/admin/").status_code == 200


def test_staff_who_must_have_one_keep_their_last(
    ada: User, browser: Browser, settings: Settings
) -> None:
    make_staff(ada)
    set_up(browser)
    settings.STAFF_SECOND_FACTOR = True

    assert browser.post("/settings/security/app/remove").status_code == 422
    assert (
        "Staff keep at least one" in browser.get("/settings/security/app/remove").content.decode()
    )
    assert Authenticator.objects.filter(type="totp").exists()


def test_staff_let_a_person_in_who_has_lost_everything_and_see_no_secret(
    ada: User, browser: Browser
) -> None:
    set_up(browser)
    root = make_user("root")
    make_staff(root)
    admin = Client()
    admin.force_login(root, "django.contrib.auth.backends.ModelBackend")
    for kept in Authenticator.objects.all():
        page = admin.get(f"/admin/mfa/authenticator/{kept.pk}/change/").content.decode()
        assert "secret" not in page
        assert "seed" not in page
        admin.post(f"/admin/mfa/authenticator/{kept.pk}/delete/", {"post": "yes"})

    assert Browser().sign_in("ada")["Location"] == "/"


@pytest.mark.parametrize("code", ["", "x" * 10_000, "\0", "１２３４５６"])
def test_nonsense_is_a_wrong_code(browser: Browser, code: Any) -> None:
    set_up(browser)
    other = Browser()
    other.sign_in("ada")

    assert other.post("/sign-in/code", {"code": code}).status_code == 422

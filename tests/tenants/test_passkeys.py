"""Passkeys: they sign their owner in alone, and nobody else."""

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from pytest_django import Settings

from citizenapp.tenants.models import AuditEntry, User
from tests.factories import make_tenant, make_user
from tests.tenants.browser import Browser
from tests.tenants.passkeys import Passkey

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("committing")]
HOST = "localhost"


@pytest.fixture(autouse=True)
def ada() -> User:
    return make_user("ada", make_tenant())


def person(name: str = "ada") -> Browser:
    """Signed in, and just shown that it is them."""
    browser = Browser(SERVER_NAME=HOST)
    browser.sign_in(name)
    browser.post("/sign-in/again", {"password": name})
    return browser


def add(browser: Browser, passkey: Passkey, name: str = "Laptop") -> Any:
    page = browser.get("/settings/security/passkeys")
    made = passkey.made(json.loads(page.context["options"]))
    fields = {"name": name, "credential": json.dumps(made)}
    return browser.post("/settings/security/passkeys", fields)


def sign_in(passkey: Passkey, browser: Browser | None = None, **fields: str) -> Any:
    browser = browser or Browser(SERVER_NAME=HOST)
    answer = passkey.used(browser.get("/sign-in/passkey").json())
    return browser.post("/sign-in/passkey", {"credential": json.dumps(answer)} | fields)


def test_a_passkey_signs_its_owner_in_without_a_password() -> None:
    passkey = Passkey()
    assert add(person(), passkey)["Location"] == "/settings/security/codes"
    other = Browser(SERVER_NAME=HOST)

    assert sign_in(passkey, other, next="/usage")["Location"] == "/usage"
    assert other.user
    assert other.user.username == "ada"
    told = AuditEntry.objects.filter(actor="ada").values_list("action", "subject")
    assert ("person.factor_added", "passkey") in told
    # By the password first, then by the passkey.
    assert list(told).count(("person.signed_in", "")) == 2


def test_it_is_a_second_factor_after_the_password_too() -> None:
    passkey = Passkey()
    add(person(), passkey)
    other = Browser(SERVER_NAME=HOST)
    assert other.sign_in("ada")["Location"] == "/sign-in/code"
    page = other.get("/sign-in/code")
    answer = passkey.used(json.loads(page.context["options"]))

    step = other.post("/sign-in/code", {"credential": json.dumps(answer)})
    assert step["Location"] == "/"
    assert other.user


def test_it_shows_that_it_is_still_the_same_person() -> None:
    passkey = Passkey()
    add(person(), passkey)
    other = Browser(SERVER_NAME=HOST)
    sign_in(passkey, other)
    path = "/sign-in/again/passkey?next=/settings/security/app"
    answer = passkey.used(json.loads(other.get(path).context["options"]))

    assert other.post(path, {"credential": json.dumps(answer)})["Location"] == (
        "/settings/security/app"
    )
    assert other.get("/settings/security/app").status_code == 200


def test_staff_show_it_before_they_see_the_admin(ada: User, settings: Settings) -> None:
    passkey, before = Passkey(), person()
    ada.is_staff = ada.is_superuser = True
    ada.save()
    settings.STAFF_SECOND_FACTOR = True
    add(person(), passkey)
    path = before.get("/admin/")["Location"]
    assert path == "/sign-in/again/passkey?next=%2Fadmin%2F"
    answer = passkey.used(json.loads(before.get(path).context["options"]))

    assert before.post(path, {"credential": json.dumps(answer)})["Location"] == "/admin/"
    assert before.get("/admin/").status_code == 200
    direct = Browser(SERVER_NAME=HOST)
    sign_in(passkey, direct)
    assert direct.get("/admin/").status_code == 200


def test_one_that_has_not_checked_who_holds_it_opens_nothing() -> None:
    passkey, mine = Passkey(), person()
    add(mine, passkey)
    passkey.is_verified = False
    browser = Browser(SERVER_NAME=HOST)

    assert sign_in(passkey, browser, next="/usage")["Location"] == "/sign-in?next=%2Fusage"
    assert "not known here" in browser.get("/sign-in").content.decode()
    assert browser.user is None
    assert add(mine, Passkey(is_verified=False)).status_code == 422


def test_one_of_another_person_or_another_site_opens_nothing() -> None:
    make_user("ben", make_tenant())
    adas, bens, mine = Passkey(), Passkey(), person()
    add(mine, adas)
    add(person("ben"), bens)
    bens.owner = adas.owner  # It says that it is Ada's.

    browser = Browser(SERVER_NAME=HOST)
    assert sign_in(bens, browser)["Location"] == "/sign-in"
    adas.origin = "https://localhost.evil.example"
    assert sign_in(adas, browser)["Location"] == "/sign-in"
    assert browser.user is None
    assert add(mine, Passkey(origin="https://evil.example")).status_code == 422


def test_an_answer_opens_once() -> None:
    passkey = Passkey()
    add(person(), passkey)
    browser = Browser(SERVER_NAME=HOST)
    answer = passkey.used(browser.get("/sign-in/passkey").json())
    browser.post("/sign-in/passkey", {"credential": json.dumps(answer)})
    other = Browser(SERVER_NAME=HOST)
    other.get("/sign-in/passkey")

    assert other.post("/sign-in/passkey", {"credential": json.dumps(answer)})["Location"] == (
        "/sign-in"
    )
    assert other.user is None


def test_passkeys_are_named_and_removed_by_their_owner_alone() -> None:
    passkey, mine = Passkey(), person()
    add(mine, passkey)
    [kept] = Authenticator.objects.filter(type="webauthn")
    path = f"/settings/security/passkeys/{kept.pk}"
    make_user("ben", make_tenant())
    for method in ("get", "post"):
        for where in (path, f"{path}/remove"):
            assert getattr(person("ben"), method)(where, {"name": "Mine"}).status_code == 404

    assert mine.delete(f"{path}/remove").status_code == 405
    mine.post(path, {"name": "Büro"})
    assert "Büro" in mine.get("/settings/security").content.decode()
    mine.post(f"{path}/remove")
    assert not Authenticator.objects.filter(pk=kept.pk).exists()


@pytest.mark.parametrize(
    "nonsense",
    [
        "", "x", "{}", "[]", "null", "1", '"x"', '{"id": 1}',
        '{"response": {"userHandle": "\\u0000"}}',
        '{"id": "AA", "rawId": "AA", "type": "public-key", "response": []}',
        '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "e30",'
        ' "authenticatorData": "AA", "signature": "AA", "userHandle": "_____w"}}',
    ],
)  # fmt: skip
def test_nonsense_is_refused_at_each_of_its_doors(nonsense: str) -> None:
    stranger = Browser(SERVER_NAME=HOST)
    stranger.get("/sign-in/passkey")
    assert stranger.post("/sign-in/passkey", {"credential": nonsense}).status_code == 302
    mine = person()
    mine.get("/settings/security/passkeys")
    fields = {"name": "x", "credential": nonsense}
    assert mine.post("/settings/security/passkeys", fields).status_code == 422
    add(mine, Passkey())
    half = Browser(SERVER_NAME=HOST)
    half.sign_in("ada")
    half.get("/sign-in/code")
    assert half.post("/sign-in/code", {"credential": nonsense}).status_code == 422
    assert half.user is None

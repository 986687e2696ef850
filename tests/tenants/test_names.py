"""By which names somebody signs in."""

import pytest
from allauth.account.models import EmailAddress

from citizenapp.tenants.models import User
from citizenapp.tenants.names import username_of
from tests.factories import make_tenant, make_user
from tests.tenants.browser import Browser

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada() -> User:
    return make_user("ada", make_tenant())


def give(user: User, address: str, *, verified: bool = True) -> None:
    EmailAddress.objects.create(user=user, email=address, verified=verified, primary=verified)


@pytest.mark.parametrize("typed", ["ada@example.com", "Ada@Example.COM", " ada@example.com "])
def test_a_confirmed_address_opens_like_the_username(ada: User, typed: str) -> None:
    give(ada, "ada@example.com")
    browser = Browser()

    assert browser.sign_in(typed, "ada", next="/usage")["Location"] == "/usage"
    assert browser.user == ada
    assert Browser().sign_in("ada")["Location"] == "/"


def test_so_does_one_that_staff_have_written_down(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(email="Ada@example.com")

    assert username_of("ada@example.com") == "ada"


def test_one_that_is_not_confirmed_yet_means_nobody(ada: User) -> None:
    give(ada, "ada@example.com", verified=False)

    assert username_of("ada@example.com") == "ada@example.com"


def test_a_username_goes_before_an_address_that_reads_the_same(ada: User) -> None:
    make_user("boss@example.com")
    give(ada, "boss@example.com")

    assert username_of("boss@example.com") == "boss@example.com"


def test_an_address_of_two_people_means_neither(ada: User) -> None:
    for user in (ada, make_user("ben")):
        User.objects.filter(pk=user.pk).update(email="team@example.com")

    assert username_of("team@example.com") == "team@example.com"


def test_it_is_not_said_whether_there_is_such_an_account() -> None:
    pages = [
        Browser().sign_in(name, "wrong").content.decode().replace(name, "")
        for name in ("ada", "nobody", "nobody@example.com")
    ]
    said = {page[page.index('role="alert"') : page.index("</span></p>")] for page in pages}

    assert len(said) == 1


@pytest.mark.parametrize("name", ["\0", "x" * 10_000, "\udcff".encode("utf-8", "replace"), "ada\0"])
def test_nonsense_is_nobody(name: str) -> None:
    assert Browser().post("/sign-in", {"username": name, "password": "x"}).status_code == 422


def test_nobody_signs_up() -> None:
    browser = Browser()

    assert browser.get("/sign-up").status_code == 404
    assert browser.get("/accounts/signup/").status_code == 404
    assert "invitation" in browser.get("/sign-in").content.decode()

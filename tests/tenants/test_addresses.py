"""An e-mail address is changed, and counts once it is confirmed."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail

from citizenapp.tenants.models import User
from tests.factories import make_tenant, make_user
from tests.tenants.browser import Browser, last_link

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("committing")]
PAGE = "/settings/security/address"


@pytest.fixture
def ada() -> User:
    user = make_user("ada", make_tenant())
    EmailAddress.objects.create(user=user, email="old@example.com", verified=True, primary=True)
    user.email = "old@example.com"
    user.save()
    return user


@pytest.fixture
def browser(ada: User) -> Browser:
    browser = Browser()
    browser.sign_in("ada")
    browser.post("/sign-in/again", {"password": "ada"})
    return browser


def ask(browser: Browser, address: str = "new@example.com") -> int:
    return int(browser.post(PAGE, {"email": address, "action_add": ""}).status_code)


def test_a_new_address_counts_once_its_link_was_opened(ada: User, browser: Browser) -> None:
    assert ask(browser) == 302
    assert Browser().sign_in("new@example.com", "ada").status_code == 422
    assert Browser().sign_in("old@example.com", "ada").status_code == 302
    link = last_link()
    assert Browser().get(link).status_code == 200
    assert Browser().sign_in("new@example.com", "ada").status_code == 422
    Browser().post(link)

    ada.refresh_from_db()
    assert ada.email == "new@example.com"
    assert Browser().sign_in("new@example.com", "ada").status_code == 302
    assert Browser().sign_in("old@example.com", "ada").status_code == 422


def test_the_old_address_is_told(browser: Browser) -> None:
    ask(browser)
    browser.post(last_link())

    assert mail.outbox[-1].to == ["old@example.com"]
    assert "new@example.com" in str(mail.outbox[-1].body)


def test_a_link_opened_twice_says_so(browser: Browser) -> None:
    ask(browser)
    link = last_link()
    browser.post(link)
    again = browser.post(link)

    assert again.status_code == 409
    assert "This link does not work" in again.content.decode()


def test_before_it_is_changed_one_shows_that_one_is_the_same_person(ada: User) -> None:
    browser = Browser()
    browser.sign_in("ada")
    answer = browser.post(PAGE, {"email": "new@example.com", "action_add": ""})

    assert answer["Location"].startswith("/sign-in/again?next=")
    assert not mail.outbox
    browser.post(answer["Location"], {"password": "ada"})
    assert mail.outbox[0].to == ["new@example.com"]


def test_a_link_is_sent_again_but_not_at_once(browser: Browser) -> None:
    ask(browser)
    browser.post(PAGE, {"email": "new@example.com", "action_send": ""})

    assert "A link was sent there just now" in browser.get(PAGE).content.decode()
    assert len(mail.outbox) == 1


def test_what_waits_can_be_dropped(ada: User, browser: Browser) -> None:
    ask(browser)
    browser.post(PAGE, {"email": "new@example.com", "action_remove": ""})

    assert [one.email for one in EmailAddress.objects.all()] == ["old@example.com"]
    assert browser.get(PAGE).status_code == 200


def test_the_address_of_another_account_is_not_taken_and_not_given_away(browser: Browser) -> None:
    ben = make_user("ben")
    EmailAddress.objects.create(user=ben, email="ben@example.com", verified=True, primary=True)
    assert ask(browser, "ben@example.com") == 302
    page = browser.get(last_link())

    assert "belongs to another account" in page.content.decode()
    assert Browser().sign_in("ben@example.com", "ada").status_code == 422
    assert Browser().sign_in("ben@example.com", "ben").status_code == 302


@pytest.mark.parametrize("address", ["", "x", "old@example.com", "x" * 400 + "@example.com"])
def test_what_is_none_or_ones_own_already_is_refused(browser: Browser, address: str) -> None:
    assert ask(browser, address) == 422


def test_who_has_none_adds_one() -> None:
    make_user("cleo")
    browser = Browser()
    browser.sign_in("cleo")
    browser.post("/sign-in/again", {"password": "cleo"})
    assert "None." in browser.get("/settings/security").content.decode()
    ask(browser)
    browser.post(last_link())

    assert "new@example.com" in browser.get("/settings/security").content.decode()

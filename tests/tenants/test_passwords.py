"""A forgotten password is set anew by a link; one that is known is changed."""

import re
import time

import pytest
from django.core import mail

from citizenapp.tenants.models import User
from tests.factories import make_tenant, make_user
from tests.tenants.browser import App, Browser, last_link

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("committing")]
NEW = "hail on nine cars"


@pytest.fixture(autouse=True)
def ada() -> User:
    user = make_user("ada", make_tenant())
    user.email = "ada@example.com"
    user.save()
    return user


def ask(address: str, browser: Browser | None = None) -> Browser:
    browser = browser or Browser()
    answer = browser.post("/sign-in/forgotten", {"email": address})
    assert answer["Location"] == "/sign-in/sent"
    return browser


def choose(browser: Browser, link: str, password: str = NEW) -> int:
    form = browser.get(link)
    where = form["Location"] if form.status_code == 302 else link
    fields = {"password1": password, "password2": password}
    return int(browser.post(where, fields).status_code)


def test_a_link_leads_to_a_new_password(ada: User) -> None:
    before = Browser()
    before.sign_in("ada")
    browser = ask("Ada@example.com")
    assert mail.outbox[0].to == ["ada@example.com"]
    assert choose(browser, last_link()) == 302

    assert before.user is None
    assert browser.sign_in("ada", NEW)["Location"] == "/"
    assert browser.user == ada
    assert mail.outbox[1].subject == "Your password for CitizenApp was set anew"


def test_the_old_password_is_good_for_nothing_then() -> None:
    choose(ask("ada@example.com"), last_link())

    assert Browser().sign_in("ada").status_code == 422


def test_a_link_works_once() -> None:
    ask("ada@example.com")
    link = last_link()
    choose(Browser(), link)
    page = Browser().get(link)

    assert "This link does not work" in page.content.decode()
    assert choose(Browser(), link, "another one of mine") == 200
    assert Browser().sign_in("ada", NEW).status_code == 302


def test_a_link_that_is_not_whole_does_not_work() -> None:
    ask("ada@example.com")

    assert "does not work" in Browser().get(last_link()[:-1]).content.decode()
    assert "does not work" in Browser().get("/sign-in/new-password/zz/x-y").content.decode()


def test_the_second_factor_is_still_asked_for(ada: User) -> None:
    browser = Browser()
    browser.sign_in("ada")
    browser.post("/sign-in/again", {"password": "ada"})
    app = App(browser.get("/settings/security/app").context["form"].secret)
    browser.post("/settings/security/app", {"code": app.code(time.time())})
    changing = ask("ada@example.com")
    choose(changing, last_link())

    assert Browser().sign_in("ada", NEW)["Location"] == "/sign-in/code"


def test_who_has_no_account_is_told_by_mail_and_nowhere_else() -> None:
    known, unknown = ask("ada@example.com"), ask("nobody@example.com")
    pages = [one.get("/sign-in/sent").content for one in (known, unknown)]

    assert pages[0] == pages[1]
    assert [one.to for one in mail.outbox] == [["ada@example.com"], ["nobody@example.com"]]
    assert "There is no such account" in str(mail.outbox[1].body)


def test_links_are_sent_a_few_times_an_hour_only() -> None:
    for _ in range(5):
        ask("ada@example.com")
    page = Browser().post("/sign-in/forgotten", {"email": "ada@example.com"})

    assert page.status_code == 429
    assert page["Retry-After"] == "300"
    assert len(mail.outbox) == 5


@pytest.mark.parametrize("address", ["", "x", "a@b", "\0@example.com", "x" * 400 + "@example.com"])
def test_nonsense_is_no_address(address: str) -> None:
    assert Browser().post("/sign-in/forgotten", {"email": address}).status_code == 422
    assert not mail.outbox


def test_a_known_password_is_changed_by_who_knows_it() -> None:
    browser = Browser()
    browser.sign_in("ada")
    path = "/settings/security/password"
    wrong = {"oldpassword": "guess", "password1": NEW, "password2": NEW}
    assert browser.post(path, wrong).status_code == 422
    weak = {"oldpassword": "ada", "password1": "password", "password2": "password"}
    assert browser.post(path, weak).status_code == 422
    right = {"oldpassword": "ada", "password1": NEW, "password2": NEW}
    assert browser.post(path, right)["Location"] == "/settings/security"

    assert Browser().sign_in("ada", NEW)["Location"] == "/"


def test_who_has_none_sets_a_first_one(ada: User) -> None:
    ada.set_unusable_password()
    ada.save()
    browser = Browser()
    browser.force_login(ada, "django.contrib.auth.backends.ModelBackend")
    assert browser.get("/settings/security/password")["Location"] == (
        "/settings/security/first-password"
    )
    fields = {"password1": NEW, "password2": NEW}
    assert browser.post("/settings/security/first-password", fields).status_code == 302

    assert Browser().sign_in("ada", NEW)["Location"] == "/"


def test_a_notice_says_when_as_its_owner_reads_times(ada: User) -> None:
    ada.time_zone, ada.locale = "Asia/Tokyo", "de-DE"
    ada.save()
    ask("ada@example.com")
    choose(Browser(), last_link())
    written = str(mail.outbox[1].body)
    assert re.search(r"It was done on \d+ \w{3} 20\d\d, \d\d:\d\d JST from", written)

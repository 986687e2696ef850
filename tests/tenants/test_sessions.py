"""Where somebody is signed in: seen, and ended there and everywhere."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models.signals import post_delete
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from aijobs.templatetags.accounts import browser
from citizenapp.tenants import sessions
from citizenapp.tenants.models import User
from tests.factories import make_tenant, make_user
from tests.tenants.browser import FIREFOX, Browser

pytestmark = pytest.mark.django_db
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0"


@pytest.fixture(autouse=True)
def ada() -> User:
    return make_user("ada", make_tenant())


@pytest.fixture
def ended() -> Iterator[list[str]]:
    """The keys of sessions that were deleted while they were good, which PostgreSQL tells of."""
    keys: list[str] = []

    def note(instance: Session, **_: Any) -> None:
        if instance.expire_date > timezone.now():
            keys.append(instance.session_key)

    post_delete.connect(note, sender=Session)
    yield keys
    post_delete.disconnect(note, sender=Session)


def signed_in(name: str = "ada", address: str = "192.0.2.7") -> Browser:
    browser = Browser(REMOTE_ADDR=address)
    browser.sign_in(name)
    return browser


def key_of(browser: Browser) -> str:
    return str(browser.cookies["sessionid"].value)


def test_the_page_lists_ones_own_sessions_and_no_others(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_user("ben", make_tenant())
    signed_in("ben", "198.51.100.9")
    first, second = signed_in(), signed_in(address="2001:db8::7")
    for _ in range(10):
        signed_in()
    with django_assert_max_num_queries(10):
        page = first.get("/settings/sessions").content.decode()

    assert page.count("Firefox on Windows</strong>") == 12
    assert page.count(">this one<") == 1
    assert "192.0.2.7" in page
    assert "2001:db8::7" in page
    assert "198.51.100.9" not in page
    assert key_of(second) not in page


def test_signing_in_makes_a_session_of_a_new_key() -> None:
    browser = Browser()
    browser.get("/sign-in/passkey")  # A question waits for its answer.
    before = key_of(browser)
    browser.sign_in("ada")

    assert key_of(browser) != before
    assert not Session.objects.filter(session_key=before).exists()


def test_a_session_is_ended_elsewhere_and_that_is_told(ended: list[str]) -> None:
    mine, other = signed_in(), signed_in()
    key = key_of(other)
    session = UserSession.objects.get(session_key=key)
    answer = mine.post(f"/settings/sessions/{session.pk}/end")

    assert answer["Location"] == "/settings/sessions"
    assert other.user is None
    assert mine.user
    assert ended == [key]


def test_the_session_of_the_page_itself_can_be_ended_too(ended: list[str]) -> None:
    mine = signed_in()
    key = key_of(mine)
    session = UserSession.objects.get(session_key=key)

    assert mine.post(f"/settings/sessions/{session.pk}/end")["Location"] == "/sign-in"
    assert ended == [key]
    assert mine.user is None


def test_nobody_ends_a_session_of_others() -> None:
    make_user("ben", make_tenant())
    bens = signed_in("ben")
    session = UserSession.objects.get(session_key=key_of(bens))

    assert signed_in().post(f"/settings/sessions/{session.pk}/end").status_code == 404
    assert bens.user


def test_signing_out_is_told_as_well(ended: list[str]) -> None:
    mine, other = signed_in(), signed_in()
    key = key_of(mine)
    mine.post("/sign-out")

    assert ended == [key]
    assert other.user


def test_signing_out_everywhere_ends_also_what_no_list_knows(ended: list[str], ada: User) -> None:
    listed, mine = signed_in(), signed_in()
    keys = {key_of(listed), key_of(mine)}
    old = Client()  # Of before there was a list.
    old.force_login(ada, "django.contrib.auth.backends.ModelBackend")
    assert old.get("/usage").status_code == 200
    ben = make_user("ben", make_tenant())
    bens = signed_in("ben")

    assert mine.post("/settings/sessions/end")["Location"] == "/sign-in"
    assert (listed.user, mine.user) == (None, None)
    assert old.get("/usage").status_code == 302
    assert keys <= set(ended)
    assert bens.user == ben
    assert "signed out everywhere" in mine.get("/sign-in").content.decode()
    assert signed_in().user


def test_a_new_password_ends_all_other_sessions(ended: list[str]) -> None:
    mine, other = signed_in(), signed_in()
    key = key_of(other)
    fields = {"oldpassword": "ada", "password1": "hail on 9 cars", "password2": "hail on 9 cars"}
    assert mine.post("/settings/security/password", fields)["Location"] == "/settings/security"

    assert mine.user
    assert other.user is None
    assert key in ended
    assert key_of(mine) not in ended
    assert signed_in().user is None


def test_who_is_closed_by_staff_is_signed_out_at_once(ended: list[str], ada: User) -> None:
    hers = signed_in()
    root = make_user("root")
    User.objects.filter(pk=root.pk).update(is_staff=True, is_superuser=True)
    staff = signed_in("root")
    form = staff.get(f"/admin/tenants/user/{ada.pk}/change/").context["adminform"].form
    fields = {"username": "ada", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    inlines = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    assert form.initial["is_active"]
    answer = staff.post(f"/admin/tenants/user/{ada.pk}/change/", fields | inlines)

    assert answer.status_code == 302
    assert ended == [key_of(hers)]
    assert signed_in().get("/usage").status_code == 302


def test_a_password_that_staff_set_ends_the_sessions_of_the_person(
    ended: list[str], ada: User
) -> None:
    hers = signed_in()
    key = key_of(hers)
    root = make_user("root")
    User.objects.filter(pk=root.pk).update(is_staff=True, is_superuser=True)
    fields = {"password1": "hail on 9 cars", "password2": "hail on 9 cars"}
    signed_in("root").post(f"/admin/tenants/user/{ada.pk}/password/", fields)

    assert hers.user is None
    assert key in ended


def test_what_is_over_is_deleted_when_somebody_signs_in(ended: list[str]) -> None:
    make_user("ben", make_tenant())
    bens, cleos = signed_in("ben"), signed_in()
    yesterday = timezone.now() - timedelta(days=1)
    Session.objects.filter(session_key=key_of(bens)).update(expire_date=yesterday)
    signed_in()

    assert not Session.objects.filter(session_key=key_of(bens)).exists()
    assert not UserSession.objects.filter(session_key=key_of(bens)).exists()
    assert cleos.user
    assert not ended


def test_staff_end_a_session_in_the_admin(ended: list[str]) -> None:
    hers = signed_in()
    root = make_user("root")
    User.objects.filter(pk=root.pk).update(is_staff=True, is_superuser=True)
    key = key_of(hers)
    session = UserSession.objects.get(session_key=key)
    staff = signed_in("root")
    staff.post(f"/admin/usersessions/usersession/{session.pk}/delete/", {"post": "yes"})

    assert hers.user is None
    assert ended == [key]


def test_when_it_was_used_last_is_noted_now_and_then(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    mine = signed_in()
    session = UserSession.objects.get()
    store = mine.session
    store["seen_at"] -= sessions.SEEN_EVERY.total_seconds() + 1
    store.save()
    UserSession.objects.update(last_seen_at=session.last_seen_at - timedelta(hours=1))
    mine.get("/settings/security", REMOTE_ADDR="192.0.2.8", HTTP_USER_AGENT=FIREFOX)

    found = UserSession.objects.get()
    assert found.ip == "192.0.2.8"
    assert found.last_seen_at > session.last_seen_at
    with django_assert_max_num_queries(8):
        mine.get("/settings/security", REMOTE_ADDR="192.0.2.9")
    assert UserSession.objects.get().ip == "192.0.2.8"


@pytest.mark.parametrize(
    ("user_agent", "told"),
    [
        (FIREFOX, "Firefox on Windows"),
        (f"{CHROME} Safari/537.36", "Chrome on Linux"),
        (f"{CHROME} Safari/537.36 Edg/140.0", "Edge on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        ("curl/8.5.0", "Another program"),
        ("", "Another program"),
    ],
)
def test_browsers_are_called_what_people_call_them(user_agent: str, told: str) -> None:
    assert browser(user_agent) == told

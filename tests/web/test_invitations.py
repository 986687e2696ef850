"""Invitations: sent, sent again, withdrawn, and accepted once by whoever has the link."""

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from django.utils import timezone

from aijobs.reading.people import PAGE_SIZE
from citizenapp.tenants import invitations, sessions
from citizenapp.tenants.models import AuditEntry, Invitation, Membership, Tenant, User
from tests.factories import make_invitation, make_tenant, make_user

pytestmark = pytest.mark.django_db
LINK = re.compile(r"http://testserver(/join/[\w-]+)")
PASSWORD = "a long walk by the sea"


@pytest.fixture
def tenant() -> Tenant:
    return make_tenant("Acme")


@pytest.fixture
def owner(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("olga", tenant, role="owner"))
    return client


def invite(client: Client, emails: str = "ann@example.com", **fields: str) -> Any:
    body = {"emails": emails, "role": "member", "days": "7"} | fields
    return client.post("/settings/people/invitations", body, follow=True)


def told(response: Any) -> str:
    return " ".join(str(one) for one in response.context["messages"])


def link_in_letter(number: int = -1) -> str:
    found = LINK.search(str(mail.outbox[number].body))
    assert found
    return found[1]


def actions() -> list[str]:
    rows = AuditEntry.objects.exclude(action__startswith="person.").order_by("pk")
    return list(rows.values_list("action", flat=True))


def test_a_letter_says_its_end_as_its_guest_reads_dates(owner: Client, tenant: Tenant) -> None:
    tenant.time_zone = "Europe/Vienna"
    tenant.save()
    guest = make_user("gus")
    guest.email, guest.locale, guest.time_zone = "gus@example.com", "en-US", "America/New_York"
    guest.save()
    invite(owner, "gus@example.com, ann@example.com")
    known, new = (str(one.body) for one in mail.outbox)
    assert re.search(r"until \w{3} \d+, 20\d\d, \d+:\d\d.[AP]M E[SD]T:", known)
    assert re.search(r"until \d+ \w{3} 20\d\d, \d\d:\d\d CES?T:", new)


def test_several_people_get_a_letter_each(owner: Client, tenant: Tenant) -> None:
    answer = invite(owner, "Ann@Example.com, bob@example.com\nann@example.com", role="viewer")
    assert told(answer) == "An invitation is on its way to 2 addresses."
    assert [one.to for one in mail.outbox] == [["ann@example.com"], ["bob@example.com"]]
    assert mail.outbox[0].subject == "olga invites you to Acme on CitizenApp"
    assert "as viewer" in mail.outbox[0].body
    assert actions() == ["invitation.made"] * 2
    stored = Invitation.objects.get(email="ann@example.com")
    assert stored.expires_at - stored.created_at == timedelta(days=7)
    assert link_in_letter(0).rpartition("/")[2] not in str(Invitation.objects.values())


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"emails": ""}, "emails", "one address at least"),
        ({"emails": "ann@example.com, nonsense"}, "emails", "“nonsense” is no e-mail address"),
        ({"emails": " ".join(f"a{n}@example.com" for n in range(21))}, "emails", "20 at once"),
        ({"emails": "olga"}, "emails", "no e-mail"),
        ({"role": "king"}, "role", "king"),
        ({"days": "1000"}, "days", "1000"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_sent(
    owner: Client, fields: dict[str, str], field: str, says: str
) -> None:
    answer = invite(owner, **{"emails": "ann@example.com", **fields})
    assert answer.status_code == 422
    assert says in str(answer.context["form"].errors[field])
    assert not mail.outbox
    assert not Invitation.objects.exists()


def test_nobody_invites_to_a_role_above_their_own(client: Client, tenant: Tenant) -> None:
    client.force_login(make_user("adam", tenant, "admin"))
    assert invite(client, role="owner").status_code == 422
    assert invite(client, role="admin").status_code == 200
    above = make_invitation(tenant, "boss@example.com", role="owner")
    for act in ("again", "withdraw"):
        answer = client.post(f"/settings/people/invitations/{above.pk}/{act}", follow=True)
        assert "above your own" in told(answer)
    assert "above your own" in str(invite(client, "boss@example.com").context["form"].errors)


def test_a_member_is_not_invited_again(owner: Client, tenant: Tenant) -> None:
    User.objects.filter(username="olga").update(email="Olga@example.com")
    answer = invite(owner, "olga@example.com, ann@example.com")
    assert "olga@example.com: a member already" in str(answer.context["form"].errors)
    assert not mail.outbox


def test_who_is_invited_twice_has_one_invitation_and_the_last_link(
    owner: Client, tenant: Tenant
) -> None:
    invite(owner)
    old = link_in_letter()
    invite(owner, role="admin")
    stranger = Client()
    assert stranger.get(old).status_code == 404
    assert stranger.get(link_in_letter()).status_code == 200
    assert [one.role for one in Invitation.objects.all()] == ["admin"]


def test_sent_again_it_has_a_new_link_and_time(owner: Client, tenant: Tenant) -> None:
    invite(owner)
    old, (one,) = link_in_letter(), Invitation.objects.all()
    past = timezone.now() - timedelta(days=1)
    Invitation.objects.update(created_at=past - timedelta(days=7), expires_at=past)
    assert "Expired" in owner.get("/settings/people").content.decode()
    owner.post(f"/settings/people/invitations/{one.pk}/again")
    stranger = Client()
    assert stranger.get(old).status_code == 404
    assert stranger.get(link_in_letter()).status_code == 200
    left = Invitation.objects.get().expires_at - timezone.now()
    assert timedelta(days=6) < left <= timedelta(days=7)
    assert actions()[-1] == "invitation.sent_again"


def test_a_withdrawn_invitation_lets_nobody_in(owner: Client, tenant: Tenant) -> None:
    invite(owner)
    (one,) = Invitation.objects.all()
    path = f"/settings/people/invitations/{one.pk}/withdraw"
    assert "is withdrawn" in told(owner.post(path, follow=True))
    assert "already" in told(owner.post(path, follow=True))
    assert Client().get(link_in_letter()).status_code == 404
    assert "ann@example.com" not in owner.get("/settings/people").content.decode()
    assert actions() == ["invitation.made", "invitation.withdrawn"]


def test_a_new_person_chooses_name_and_password_and_is_in(owner: Client, tenant: Tenant) -> None:
    invite(owner)
    ann, link = Client(), link_in_letter()
    page = ann.get(link)
    assert "no-store" in page["Cache-Control"]
    # The address is told to no other host. Without any Referer a browser names no Origin either,
    # and Django would refuse the form.
    assert page["Referrer-Policy"] == "same-origin"
    answer = ann.post(link, {"name": " Ann  Bell ", "password": PASSWORD}, follow=True)
    assert told(answer) == "You work in Acme now, as member."
    user = User.objects.get(email="ann@example.com")
    assert (user.first_name, user.check_password(PASSWORD)) == ("Ann Bell", True)
    assert Membership.objects.get(user=user).role == "member"
    assert actions() == ["invitation.made", "member.joined"]
    # It works once.
    assert ann.get(link).status_code == Client().get(link).status_code == 404
    assert Client().login(username=user.username, password=PASSWORD)


@pytest.mark.parametrize("password", ["", "short", "1234567890", "password1", "ann@example.com"])
def test_a_weak_password_is_refused_and_the_link_goes_on_to_work(
    owner: Client, password: str
) -> None:
    invite(owner)
    ann, link = Client(), link_in_letter()
    answer = ann.post(link, {"name": "Ann", "password": password})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["password"]
    assert not User.objects.filter(email="ann@example.com").exists()
    assert ann.get(link).status_code == 200


def test_only_a_post_uses_the_link_up(owner: Client) -> None:
    """Programs that look through letters open what is in them."""
    invite(owner)
    link = link_in_letter()
    for _ in range(3):
        assert Client().get(link).status_code == Client().head(link).status_code == 200
    assert Invitation.objects.get().accepted_at is None


def test_who_has_an_account_signs_in_and_joins(owner: Client, tenant: Tenant) -> None:
    User.objects.create_user("ann", "Ann@example.com", "ann")
    invite(owner)
    ann, link = Client(), link_in_letter()
    page = ann.get(link).content.decode()
    assert f"/sign-in?next={link}" in page
    assert ann.post(link, {"name": "X", "password": PASSWORD}).status_code == 403
    ann.login(username="ann", password="ann")
    ann.post(link)
    assert Membership.objects.get(user__username="ann").tenant == tenant


def test_who_is_signed_in_under_another_address_is_told_so_and_may_join(
    owner: Client, tenant: Tenant
) -> None:
    invite(owner)
    bob = Client()
    bob.force_login(make_user("bob", make_tenant("Zenith")))
    page = bob.get(link_in_letter()).content.decode()
    assert "You are signed in as <bdi>bob</bdi>" in page
    answer = bob.post(link_in_letter(), follow=True)
    assert answer.context["access"].tenant == tenant
    joined = AuditEntry.objects.get(action="member.joined")
    assert (joined.actor, joined.subject) == ("bob", "ann@example.com")


def test_who_is_a_member_already_keeps_the_role(owner: Client, tenant: Tenant) -> None:
    invite(owner, role="admin")
    vera = Client()
    vera.force_login(make_user("vera", tenant, "viewer"))
    assert "as viewer" in told(vera.post(link_in_letter(), follow=True))
    assert Membership.objects.filter(tenant=tenant, user__username="vera").count() == 1


def test_people_without_a_workspace_see_their_invitations(tenant: Tenant) -> None:
    ann = User.objects.create_user("ann", "ann@example.com", "ann")
    client = Client()
    client.force_login(ann)
    open_ = make_invitation(tenant, "ann@example.com")
    make_invitation(tenant, "bob@example.com")
    make_invitation(
        make_tenant("Late"), "ann@example.com", expires_at=timezone.now() - timedelta(days=1)
    )
    make_invitation(make_tenant("Closed", is_active=False), "ann@example.com")
    page = client.get("/")
    assert page.status_code == 403
    assert page.content.decode().count('name="invitation"') == 1
    answer = client.post("/join", {"invitation": str(open_.pk)}, follow=True)
    assert answer.context["access"].tenant == tenant
    again = client.post("/join", {"invitation": str(open_.pk)}, follow=True)
    assert "no longer open" in told(again)


def test_an_invitation_of_somebody_else_is_not_accepted_by_its_id(tenant: Tenant) -> None:
    one = make_invitation(tenant, "ann@example.com")
    client = Client()
    client.force_login(make_user("bob", make_tenant()))
    client.post("/join", {"invitation": str(one.pk)})
    assert not Membership.objects.filter(user__username="bob", tenant=tenant).exists()


def test_without_a_mail_server_the_inviter_gets_the_links_once(
    owner: Client, tenant: Tenant, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # Nobody listens there.
    page = invite(owner, "ann@example.com, bob@example.com").content.decode()
    assert "2 invitations could not be sent" in page
    assert page.count("http://testserver/join/") == 2
    assert "Not sent" in page
    assert "/join/" not in owner.get("/settings/people").content.decode()
    found = LINK.search(page)
    assert found
    ann = Client()
    assert ann.post(found[1], {"name": "Ann", "password": PASSWORD}).status_code == 302
    # Whoever handed the link over could have come by it as well: the address is not proven.
    assert not User.objects.filter(email="ann@example.com").exists()
    assert ann.get("/").context["access"].tenant == tenant


def test_the_letter_holds_no_header_that_a_name_brings(owner: Client, tenant: Tenant) -> None:
    Tenant.objects.update(name="Acme\r\nBcc: all@example.com")
    invite(owner)
    assert mail.outbox[0].subject.startswith("olga invites you to Acme Bcc: all@example.com on")


def test_expired_ones_make_room(owner: Client, tenant: Tenant) -> None:
    past = timezone.now() - timedelta(days=1)
    for number in range(invitations.MOST_OPEN):
        make_invitation(tenant, f"guest-{number}@example.com", expires_at=past)
    assert invite(owner).status_code == 200
    assert PAGE_SIZE < invitations.MOST_OPEN
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1), withdrawn_at=None)
    assert "at most 200" in str(invite(owner, "more@example.com").context["form"].errors)


def test_the_session_that_joining_begins_is_listed_and_can_be_ended(owner: Client) -> None:
    invite(owner)
    ann = Client()
    ann.post(link_in_letter(), {"name": "Ann", "password": PASSWORD})
    user = User.objects.get(email="ann@example.com")
    (session,) = UserSession.objects.filter(user=user)
    assert session.session_key == ann.session.session_key
    sessions.end([session])
    assert ann.get("/").status_code == 302

"""Forms about what is there already: two clicks do the same as one, and say so."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from aijobs.models import AIJob, Collection, Comment, Correction, ReadMark, Webhook
from aijobs.pipeline import accept, erase
from citizenapp.tenants.models import APIKey, Tenant
from tests.factories import NOW, make_job, make_output, make_tenant, make_user

pytestmark = pytest.mark.django_db

TOKEN = re.compile(r'name="once" value="(\w+)"')


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def owner(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("olga", tenant, "owner"))
    return client


@pytest.fixture
def collection(tenant: Tenant) -> Collection:
    rows = [(n, {"text": f"Letter {n}"}) for n in range(1, 11)]
    return accept.accept_collection(
        tenant, "May", "classify", rows, now=NOW, created_by="olga",
        defaults={"categories": ["motor", "home"]},
    ).collection  # fmt: skip


@pytest.fixture
def done(tenant: Tenant) -> AIJob:
    job = make_job(tenant, status="completed", finished_at=NOW)
    make_output(job)
    return job


def twice(client: Client, page: str, address: str, **fields: Any) -> list[Any]:
    """Both answers to one form, and the page on which the second ends."""
    found = TOKEN.search(client.get(page).content.decode())
    assert found, f"{page} has no token"
    form = {"once": found[1], **fields}
    return [client.post(address, form), client.post(address, form, follow=True)]


def test_a_trial_of_other_settings_is_queued_once(owner: Client, collection: Collection) -> None:
    page = f"/collections/{collection.pk}/again"
    form = {"classify-categories": "red\nblue", "urgency": "later", "trial": "5"}
    first, second = twice(owner, page, page, **form)
    made = Collection.objects.exclude(pk=collection.pk).get()
    assert first["Location"] == f"/collections/{made.pk}"
    assert second.redirect_chain[0][0] == first["Location"]


def test_other_settings_that_were_only_priced_may_be_sent_again(
    owner: Client, collection: Collection
) -> None:
    page = f"/collections/{collection.pk}/again"
    form = {"classify-categories": "red\nblue", "urgency": "later", "price": "1"}
    for answer in twice(owner, page, page, **form)[:1]:
        assert answer["Location"].startswith("/quotes/")
    answer = twice(owner, page, page, **form | {"classify-categories": ""})[0]
    assert answer.status_code == 422


def test_a_comment_is_kept_once(owner: Client, done: AIJob) -> None:
    twice(owner, f"/jobs/{done.pk}", f"/jobs/{done.pk}/comments", text="Ask the broker.")
    assert Comment.objects.count() == 1


def test_an_empty_comment_does_not_use_its_form_up(owner: Client, done: AIJob) -> None:
    page, address = f"/jobs/{done.pk}", f"/jobs/{done.pk}/comments"
    found = TOKEN.search(owner.get(page).content.decode())
    assert found
    for text in ("", "Ask the broker."):
        owner.post(address, {"once": found[1], "text": text})
    assert Comment.objects.count() == 1


def test_a_correction_that_is_sent_twice_is_not_taken_for_somebody_elses(
    owner: Client, done: AIJob
) -> None:
    page = f"/jobs/{done.pk}/correction"
    second = twice(owner, page, page, after="0", summary="Another fox.")[1]
    assert Correction.objects.count() == 1
    assert "Somebody else" not in second.content.decode()


def test_what_is_erased_twice_is_erased(owner: Client, done: AIJob, collection: Collection) -> None:
    for page in (f"/jobs/{done.pk}/erase", f"/collections/{collection.pk}/erase"):
        second = twice(owner, page, page)[1]
        assert second.status_code == 200
        assert "not found" not in second.content.decode().lower()


def test_what_is_canceled_twice_is_canceled(owner: Client, collection: Collection) -> None:
    page = f"/collections/{collection.pk}/cancel"
    second = twice(owner, page, page)[1].content.decode()
    assert "Nothing was waiting" not in second


def test_a_key_is_made_once_and_its_secret_is_shown(owner: Client) -> None:
    form = {"name": "Import", "role": "member", "expires": "never"}
    second = twice(owner, "/settings/keys", "/settings/keys", **form)[1]
    key = APIKey.objects.get()
    assert f"{key.prefix}." in second.content.decode()


def test_an_invitation_leaves_once_and_its_link_works(owner: Client) -> None:
    form = {"emails": "ann@example.com", "role": "member", "days": "7"}
    twice(owner, "/settings/people", "/settings/people/invitations", **form)
    (letter,) = mail.outbox
    found = re.search(r"http://testserver(/join/[\w-]+)", str(letter.body))
    assert found
    assert Client().get(found[1]).status_code == 200


def test_a_webhook_is_set_up_once(owner: Client) -> None:
    form = {"url": "https://example.com/hook", "events": ["job.failed"]}
    first, second = twice(owner, "/settings/webhooks", "/settings/webhooks", **form)
    assert first["Location"] == f"/settings/webhooks/{Webhook.objects.get().pk}"
    assert second.redirect_chain[0][0] == first["Location"]


@pytest.mark.parametrize("example", ["document", "table"])
def test_the_example_is_queued_once(owner: Client, example: str) -> None:
    first, second = twice(owner, "/", "/home/try", example=example)
    assert second.redirect_chain[0][0] == first["Location"]
    assert Collection.objects.count() == (example == "table")


def test_a_job_that_is_deleted_meanwhile_takes_nothing_more(tenant: Tenant, done: AIJob) -> None:
    olga = make_user("olga", tenant)
    assert erase.erase_job(done, by="max", now=NOW) is None
    with pytest.raises(AIJob.DoesNotExist):
        Comment.objects.add(done, "Ask the broker.", by="olga", now=NOW)
    with pytest.raises(AIJob.DoesNotExist):
        Correction.objects.add(done, {"summary": "A."}, after=0, by="olga", now=NOW)
    with pytest.raises(AIJob.DoesNotExist):
        ReadMark.objects.add(done, olga, NOW)


def test_who_goes_back_and_writes_something_else_means_something_else(
    owner: Client, done: AIJob
) -> None:
    """A browser shows the form as it was, with the token that was used."""
    again = f"/jobs/{done.pk}/again"
    forms: list[Any] = [
        (f"/jobs/{done.pk}", f"/jobs/{done.pk}/comments", {"text": "One."}, {"text": "Two."}),
        (again, again, *({"text": text, "urgency": "later"} for text in ("Hail.", "Fire."))),
        (
            "/settings/people",
            "/settings/people/invitations",
            {"emails": "ann@example.com", "role": "member", "days": "7"},
            {"emails": "bob@example.com", "role": "member", "days": "7"},
        ),
        ("/settings/keys", "/settings/keys", *({"name": n, "role": "member"} for n in "ab")),
    ]
    jobs = AIJob.objects.count()
    for page, address, first, second in forms:
        found = TOKEN.search(owner.get(page).content.decode())
        assert found
        for form in (first, second, first):
            assert owner.post(address, {"once": found[1], **form}).status_code == 302
    assert sorted(Comment.objects.values_list("text", flat=True)) == ["One.", "Two."]
    assert AIJob.objects.count() == jobs + 2
    assert [one.to for one in mail.outbox] == [["ann@example.com"], ["bob@example.com"]]
    assert APIKey.objects.count() == 2

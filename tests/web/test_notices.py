"""A person chooses what to be told, and stops it from the e-mail itself."""

import re

import pytest
from django.core import mail
from django.test import Client

from aijobs.mails import inform
from aijobs.models import AIJob, MailChoice
from aijobs.webhooks import collections
from tests.factories import NOW, make_batch, make_job, make_tenant, make_user
from tests.webhooks.test_delivery import end, make_collection

pytestmark = pytest.mark.django_db


def test_choices_are_kept_by_person_and_workspace(client: Client) -> None:
    tenant = make_tenant()
    client.force_login(make_user("ann", tenant))
    make_user("bob", tenant)
    answer = client.post("/settings/notices", {"kinds": ["collection.done", "jobs.failed"]})
    assert answer["Location"] == "/settings/notices"
    [choice] = MailChoice.objects.all()
    assert (choice.user.username, choice.tenant) == ("ann", tenant)
    assert choice.root == "http://testserver/"
    page = client.get("/settings/notices").content.decode()
    assert page.count("checked") == 2
    client.post("/settings/notices", {})
    assert not MailChoice.objects.exists()


def test_only_those_who_see_the_budget_are_offered_news_of_it(client: Client) -> None:
    tenant = make_tenant()
    client.force_login(make_user("max", tenant))
    assert "budget.reached" not in client.get("/settings/notices").content.decode()
    assert client.post("/settings/notices", {"kinds": ["budget.reached"]}).status_code == 422
    assert not MailChoice.objects.exists()
    client.force_login(make_user("olga", tenant, role="owner"))
    assert "budget.reached" in client.get("/settings/notices").content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_link_in_an_email_stops_them_without_a_sign_in(client: Client) -> None:
    tenant = make_tenant("Acme")
    user = make_user("ann", tenant)
    user.email = "ann@example.com"
    user.save()
    client.force_login(user)
    client.post("/settings/notices", {"kinds": ["collection.done"]})
    _, jobs = make_collection(tenant)
    end(*jobs)
    collections.tell(NOW)
    assert inform.run(NOW, lambda: NOW) == 1
    [letter] = mail.outbox
    [link] = re.findall(r"http://testserver(/notices/stop/\S+)", str(letter.body))
    assert f"<http://testserver{link}>" == letter.extra_headers["List-Unsubscribe"]

    stranger = Client(enforce_csrf_checks=True)
    assert "Acme" in stranger.get(link).content.decode()
    assert MailChoice.objects.exists(), "to look changes nothing"
    assert stranger.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not MailChoice.objects.exists()
    assert "no more e-mails" in stranger.get(link).content.decode()
    assert stranger.post(f"{link}x").status_code == 404


def test_a_hidden_tab_asks_how_many_jobs_are_open(client: Client) -> None:
    tenant = make_tenant()
    client.force_login(make_user("ann", tenant))
    assert client.get("/notices/open").json() == {"open": 0}
    first, _, sent = make_job(tenant), make_job(tenant), make_job(tenant)
    make_job(make_tenant())
    AIJob.objects.filter(pk=sent.pk).update(status="submitted", batch=make_batch(), attempts=1)
    assert client.get("/notices/open").json() == {"open": 3}
    end(first)
    assert client.get("/notices/open").json() == {"open": 2}

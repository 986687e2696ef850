"""Views of the list that are kept under a name."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from aijobs.models import SavedView
from citizenapp.tenants.models import Membership, Tenant
from tests.factories import make_job, make_tenant, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def max_(client: Client, tenant: Tenant) -> Client:
    client.force_login(make_user("max", tenant))
    return client


@pytest.fixture
def vera(tenant: Tenant) -> Client:
    client = Client()
    client.force_login(make_user("vera", tenant, role="viewer"))
    return client


def keep(client: Client, name: str = "Dear ones", **fields: Any) -> Any:
    given = {"name": name, "list": "cost_from=1&before=", **fields}
    return client.post("/views/", given, follow=True)


def titles(client: Client) -> list[str]:
    return [view.title for view in client.get("/").context["choices"].views]


def test_a_view_is_kept_with_what_the_list_shows(max_: Client) -> None:
    response = keep(max_)
    assert response.redirect_chain == [("/?cost_from=1", 302)]
    assert "The view “Dear ones” is kept." in response.content.decode()
    assert 'href="?cost_from=1" aria-current="true"' in response.content.decode()


def test_others_see_it_when_it_is_shared(max_: Client, vera: Client) -> None:
    keep(max_)
    assert (titles(max_), titles(vera)) == (["Dear ones"], [])
    view = SavedView.objects.get()
    max_.post(f"/views/{view.pk}", {"name": "Costly", "shared": "on"})
    assert (titles(max_), titles(vera)) == (["Costly"], ["Costly"])
    for path in (f"/views/{view.pk}", f"/views/{view.pk}/delete"):
        assert vera.post(path, {"name": "Mine"}).status_code == 404
    assert "shared by max" in vera.get("/views/").content.decode()


def test_in_another_workspace_nobody_sees_it(max_: Client, tenant: Tenant) -> None:
    keep(max_, shared="on")
    other = make_tenant()
    Membership.objects.create(user=make_user("ann"), tenant=other, role="owner")
    ann = Client()
    ann.force_login(Membership.objects.get(tenant=other).user)
    assert titles(ann) == []
    assert ann.post(f"/views/{SavedView.objects.get().pk}/delete").status_code == 404


def test_it_is_deleted(max_: Client) -> None:
    keep(max_)
    max_.post(f"/views/{SavedView.objects.get().pk}/delete")
    assert not SavedView.objects.exists()
    assert "No view yet" in max_.get("/views/").content.decode()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "Type a name"),
        ("x" * 61, "60 characters"),
        ("a\0", "character"),
        ("Dear \u202esgniht", "character"),
        ("Dear ones", "alr"),
    ],
)
def test_a_bad_name_is_refused_in_words(max_: Client, name: str, said: str) -> None:
    keep(max_)
    assert said in keep(max_, name).content.decode()
    assert SavedView.objects.count() == 1


def test_nobody_keeps_more_than_so_many(max_: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SavedView, "MOST", 1)
    keep(max_)
    assert "Delete one first" in keep(max_, "Others").content.decode()
    assert SavedView.objects.count() == 1


def test_nonsense_is_not_kept(max_: Client) -> None:
    assert keep(max_, list="status=nonsense").status_code == 400
    assert not SavedView.objects.exists()


def test_a_list_that_is_narrowed_by_many_letters_is_shown_but_not_kept(
    max_: Client, tenant: Tenant
) -> None:
    """Each of these is twelve letters in an address."""
    query = urlencode({"q": "𠀀" * 200, "tag": "𠀀" * 50})
    assert max_.get(f"/?{query}").status_code == 200
    job = make_job(tenant)
    page = f"/jobs/{job.pk}?{urlencode({'list': query})}"
    assert max_.get(page).status_code == 200
    response = keep(max_, list=query)
    assert response.status_code == 200
    assert "to be kept" in response.content.decode()
    assert not SavedView.objects.exists()

"""Every address of the pages, asked by somebody of another tenant."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from aijobs.models import AIJob, Collection, new_id
from aijobs.web.urls import urlpatterns
from citizenapp.tenants.models import APIKey
from tests.factories import NOW, make_job, make_output, make_tenant, make_user

pytestmark = pytest.mark.django_db

NAMES_OF_ROWS = {"job_id", "collection_id", "key_id"}
ROWS = [
    pattern for pattern in urlpatterns if NAMES_OF_ROWS & pattern.pattern.regex.groupindex.keys()
]
LISTS = ["dashboard", "collections", "usage", "members", "keys"]
SECRET = "Only the owner may read this"


def _belongings() -> dict[str, object]:
    """One of each thing that a tenant can have, all of them telling who they belong to."""
    tenant = make_tenant()
    make_user(SECRET[:20], tenant)
    collection = Collection.objects.create(
        id=new_id(NOW),
        tenant=tenant,
        name=SECRET,
        job_type="summarize",
        total=1,
        created_by="owner",
        created_at=NOW,
    )
    job = make_job(tenant, text=SECRET, status="completed", finished_at=NOW, collection=collection)
    make_output(job, {"summary": SECRET})
    key, _ = APIKey.objects.create_key(name=SECRET, tenant=tenant)
    return {"job_id": job.pk, "collection_id": collection.pk, "key_id": key.pk}


def _address(pattern: URLPattern, rows: dict[str, object]) -> str:
    names = pattern.pattern.regex.groupindex
    return reverse(str(pattern.name), kwargs={name: rows[name] for name in names})


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("pattern", ROWS, ids=lambda pattern: str(pattern.name))
def test_rows_of_other_tenants_are_not_there(
    client: Client, pattern: URLPattern, method: str
) -> None:
    rows = _belongings()
    client.force_login(make_user("eve", make_tenant(), role="owner"))
    response = getattr(client, method)(_address(pattern, rows))
    assert response.status_code in {404, 405}
    assert SECRET not in response.content.decode()
    assert AIJob.objects.get().status == "completed"
    assert not APIKey.objects.get().revoked


@pytest.mark.parametrize("pattern", ROWS, ids=lambda pattern: str(pattern.name))
def test_the_owner_reaches_the_same_rows(client: Client, pattern: URLPattern) -> None:
    rows = _belongings()
    tenant = AIJob.objects.get().tenant
    client.force_login(make_user("owner", tenant, role="owner"))
    address = _address(pattern, rows)
    response = client.get(address)
    if response.status_code == 405:
        response = client.post(address)
    assert response.status_code in {200, 302}


@pytest.mark.parametrize("name", LISTS)
def test_lists_show_nothing_of_other_tenants(client: Client, name: str) -> None:
    _belongings()
    client.force_login(make_user("eve", make_tenant(), role="owner"))
    response = client.get(reverse(name))
    assert response.status_code == 200
    assert SECRET[:20] not in response.content.decode()


def test_a_filter_by_a_collection_of_others_is_a_404(client: Client) -> None:
    rows = _belongings()
    client.force_login(make_user("eve", make_tenant()))
    assert client.get("/", {"collection": str(rows["collection_id"])}).status_code == 404
    assert client.get("/", {"collection": str(uuid4())}).status_code == 404

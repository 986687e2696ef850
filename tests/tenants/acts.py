"""Acts of people and programs in a workspace, one for each address that changes something."""

import time
from collections.abc import Callable
from functools import cached_property
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from aijobs.api.anthropic.shapes import id_of
from aijobs.models import CategorySet, Collection, Quote, new_id
from aijobs.pipeline import accept
from citizenapp.tenants.models import APIKey, Membership
from tests.factories import (
    NOW,
    make_invitation,
    make_job,
    make_key,
    make_output,
    make_tenant,
    make_user,
    make_webhook,
)
from tests.tenants.browser import App, Browser, last_link

PASSWORD = "hail on nine cars"


class Scene:
    """A workspace, an owner in a browser, a program with a key, and one with Anthropic's SDK."""

    def __init__(self) -> None:
        self.tenant = make_tenant("Acme")
        self.olga = make_user("olga", self.tenant, role="owner")
        self.page = Browser()
        self.page.sign_in("olga")
        key = make_key(self.tenant, name="Import")
        self.api = Client(headers={"authorization": f"Bearer {key}"})
        self.v1 = Client(headers={"x-api-key": key, "anthropic-version": "2023-06-01"})

    def job(self, **fields: Any) -> UUID:
        return make_job(self.tenant, **fields).pk

    @property
    def failed(self) -> UUID:
        return self.job(status="failed", finished_at=NOW)

    @cached_property
    def collection(self) -> Collection:
        accepted = accept.accept_collection(
            self.tenant, "May", "summarize", [(1, {"text": "Hail."})], now=NOW, created_by="ann"
        )
        return accepted.collection

    @property
    def failed_collection(self) -> Collection:
        self.collection.aijob_set.update(status="failed", finished_at=NOW)
        return self.collection

    @property
    def tried_collection(self) -> UUID:
        rows = [(n, {"text": f"Hail {n}."}) for n in (1, 2)]
        accepted = accept.accept_collection(
            self.tenant, "Tried", "summarize", rows, now=NOW, created_by="ann", trial=1
        )
        return accepted.collection.pk

    @property
    def messages(self) -> str:
        self.collection.job_type = "raw"
        self.collection.save()
        self.collection.aijob_set.update(job_type="raw")
        return id_of(self.collection.pk)

    @property
    def ended_messages(self) -> str:
        found = self.messages
        self.collection.aijob_set.update(status="canceled", finished_at=NOW)
        return found

    @property
    def categories(self) -> UUID:
        found = CategorySet(id=new_id(NOW), tenant=self.tenant, name="Claims", categories=["a"])
        found.save()
        return found.pk

    @property
    def webhook(self) -> UUID:
        return make_webhook(self.tenant).pk

    @property
    def key(self) -> str:
        return str(APIKey.objects.get().pk)

    @property
    def member(self) -> int:
        user = make_user("max", self.tenant)
        return Membership.objects.get(user=user).pk

    def app(self) -> App:
        self.page.post("/sign-in/again", {"password": "olga"})
        found = App(self.page.get("/settings/security/app").context["form"].secret)
        self.page.post("/settings/security/app", {"code": found.code(time.time())})
        return found

    def passkey(self) -> int:
        self.page.post("/sign-in/again", {"password": "olga"})
        made = Authenticator.objects.create(
            user=self.olga, type="webauthn", data={"name": "Laptop", "credential": {}}
        )
        return int(made.pk)


Act = Callable[[Scene], object]
HOOK = {"url": "https://example.com/hook", "events": ["job.failed"]}


def by_api(path: str, body: Callable[[Scene], Any] = lambda _: {}, method: str = "post") -> Act:
    """`path` with the attributes of a scene in it."""

    def act(scene: Scene) -> Any:
        where = f"/api/ai/{path.format(scene=scene)}"
        return getattr(scene.api, method)(where, body(scene), "application/json")

    return act


def by_page(path: str, **fields: Any) -> Act:
    return lambda scene: scene.page.post(f"/{path.format(scene=scene)}", fields)


def these(scene: Scene) -> dict[str, Any]:
    return {"ids": [str(scene.failed)]}


def tagged(scene: Scene) -> dict[str, Any]:
    return these(scene) | {"tag": "urgent"}


def send_now(scene: Scene) -> None:
    scene.job(now=timezone.now())
    scene.page.post("/jobs/send-now")


def choose_anew(scene: Scene) -> None:
    scene.olga.email = "olga@example.com"
    scene.olga.save()
    Browser().post("/sign-in/forgotten", {"email": "olga@example.com"})
    browser = Browser()
    where = browser.get(last_link())["Location"]
    browser.post(where, {"password1": PASSWORD, "password2": PASSWORD})


def confirm_address(scene: Scene) -> None:
    EmailAddress.objects.create(
        user=scene.olga, email="old@example.com", verified=True, primary=True
    )
    scene.page.post("/sign-in/again", {"password": "olga"})
    asked = {"email": "new@example.com", "action_add": ""}
    scene.page.post("/settings/security/address", asked)
    scene.page.post(last_link())


def first_password(scene: Scene) -> None:
    scene.olga.set_unusable_password()
    scene.olga.save()
    scene.page.force_login(scene.olga)
    fields = {"password1": PASSWORD, "password2": PASSWORD}
    scene.page.post("/settings/security/first-password", fields)


def second_step(scene: Scene) -> None:
    app = scene.app()
    other = Browser()
    other.sign_in("olga")
    other.post("/sign-in/code", {"code": app.code(time.time(), 1)})


def without_app(scene: Scene) -> None:
    scene.app()
    scene.page.post("/settings/security/app/remove")


def other_codes(scene: Scene) -> None:
    scene.app()
    scene.page.post("/settings/security/codes/new")


def without_passkey(scene: Scene) -> None:
    scene.page.post(f"/settings/security/passkeys/{scene.passkey()}/remove")


def end_another_session(scene: Scene) -> None:
    Browser().sign_in("olga")
    other = UserSession.objects.exclude(session_key=scene.page.session.session_key).get()
    scene.page.post(f"/settings/sessions/{other.pk}/end")


def join(scene: Scene) -> None:
    make_invitation(scene.tenant, "ann@example.com", token="t")
    guest = make_user("ann")
    client = Browser()
    client.force_login(guest)
    client.post("/join/t")


def leave(scene: Scene) -> None:
    make_user("otto", scene.tenant, role="owner")
    scene.page.post("/settings/people/leave")


def with_invitation(act: str) -> Act:
    def send(scene: Scene) -> None:
        made = make_invitation(scene.tenant)
        scene.page.post(f"/settings/people/invitations/{made.pk}/{act}")

    return send


def run_collection_again(scene: Scene) -> None:
    form = {"summarize-max_length": "50", "urgency": "later", "price": "1"}
    scene.page.post(f"/collections/{scene.collection.pk}/again", form)
    scene.page.post(f"/quotes/{Quote.objects.get().pk}/queue")


def select(scene: Scene) -> None:
    asked = {"do": "tag", "tag": "urgent", "job": [str(scene.job())]}
    scene.page.post("/jobs/selection", asked)


def run_job_again(scene: Scene) -> None:
    done = make_job(scene.tenant, status="completed", finished_at=NOW)
    make_output(done)
    form = {"text": "A bear.", "summarize-max_length": "50", "urgency": "later"}
    scene.page.post(f"/jobs/{done.pk}/again", form)

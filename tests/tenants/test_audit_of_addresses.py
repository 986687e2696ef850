"""Whatever changes something stands in the audit, or a reason says why it does not.

Over every address and method: a new one fails here until somebody has decided.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import RequestFactory
from django.views.generic import RedirectView

from citizenapp.tenants.models import APIKey, AuditEntry
from tests.addresses import OF_TENANTS, Address
from tests.tenants.acts import (
    HOOK,
    PASSWORD,
    Act,
    Scene,
    by_api,
    by_page,
    choose_anew,
    confirm_address,
    end_another_session,
    first_password,
    join,
    leave,
    other_codes,
    run_collection_again,
    run_job_again,
    second_step,
    select,
    send_now,
    tagged,
    these,
    with_invitation,
    without_app,
    without_passkey,
)
from tests.tenants.browser import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("committing")]

# They say nothing of methods, and change nothing.
OF_NO_METHOD = {"/healthz", "/readyz"}


def methods_of(address: Address) -> set[str]:
    """Those that may change something."""
    if address.is_api:
        found = {name.upper() for name in address.operations}
    elif view := getattr(address.pattern.callback, "cls", None) or getattr(
        address.pattern.callback, "view_class", None
    ):
        is_elsewhere = issubclass(view, RedirectView)
        # To forms of Django, PUT is POST.
        names = {"post", "patch", "delete"} & {*view.http_method_names}
        found = {one.upper() for one in names if hasattr(view, one)}
        found = set() if is_elsewhere else found
    elif address.path in OF_NO_METHOD:
        found = set()
    else:
        answer: Any = address.pattern.callback(RequestFactory().options("/"))
        assert answer.status_code == 405, address
        found = {one.strip() for one in answer["Allow"].split(",")}
    return found - {"GET", "HEAD"}


CHANGES = {f"{method} {one.path}" for one in OF_TENANTS for method in methods_of(one)}

QUEUES = "what is queued bears the name of who queued it"
OWN = "a person's own, which nobody else sees"
ON_THE_JOB = "stands on the job itself, with who did it and when, as often as it is read"
ASKS = "changes nothing but what a form keeps for an hour"
UNRECORDED = {
    **dict.fromkeys(
        (
            *("POST /api/ai/analyze", "POST /api/ai/classify", "POST /api/ai/summarize"),
            *("POST /api/ai/collections", "POST /api/ai/quotes/<uuid:quote_id>/confirm"),
            *("POST /v1/messages/batches", "POST /jobs/new", "POST /collections/new"),
            "POST /home/try",
        ),
        QUEUES,
    ),
    **dict.fromkeys(
        (
            *(
                "POST /home/dismiss",
                "POST /settings/notices",
                "POST /notices/stop/<str:stop_token>",
            ),
            *("POST /settings/you/dates", "POST /settings/budget/notice", "POST /switch"),
            *("POST /views/", "POST /views/<int:view_id>", "POST /views/<int:view_id>/delete"),
            "POST /settings/security/passkeys/<int:pk>",
        ),
        OWN,
    ),
    **dict.fromkeys(
        (
            *("POST /jobs/<uuid:job_id>/read", "POST /jobs/<uuid:job_id>/comments"),
            *("POST /jobs/<uuid:job_id>/correction", "POST /jobs/<uuid:job_id>/tags"),
        ),
        ON_THE_JOB,
    ),
    **dict.fromkeys(
        (
            *("POST /jobs/price", "POST /collections/preview", "POST /quotes/<uuid:quote_id>/drop"),
            *("POST /uploads", "POST /uploads/<uuid:upload_id>/read"),
            *(
                "POST /uploads/<uuid:upload_id>/drop",
                "POST /collections/<uuid:collection_id>/again",
            ),
        ),
        ASKS,
    ),
    **dict.fromkeys(
        (
            "POST /api/ai/webhooks/<uuid:webhook_id>/test",
            "POST /api/ai/webhooks/<uuid:webhook_id>/replay",
            "POST /api/ai/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay",
            "POST /settings/webhooks/<uuid:webhook_id>/test",
            "POST /settings/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay",
        ),
        "sends once more to an address that is set; the log of the webhook tells of it",
    ),
    "POST /settings/security/address": "counts once the link is opened, which is recorded",
    "POST /sign-in/forgotten": "anybody may ask for it; what comes of the letter is recorded",
    **dict.fromkeys(
        ("POST /sign-in/again", "POST /sign-in/again/code", "POST /sign-in/again/passkey"),
        "shows who one is, and changes nothing",
    ),
    **dict.fromkeys(
        ("POST /sign-in/passkey", "POST /settings/security/passkeys"),
        "needs a passkey: test_passkeys.py looks into the audit",
    ),
    "POST /join": "as by the link, which is recorded: tests/web/test_invitations.py",
}


JOB, COLLECTION = "<uuid:job_id>", "<uuid:collection_id>"
SECURITY = "/settings/security"
RECORDED: dict[str, tuple[str, Act]] = {
    "POST /api/ai/jobs/retry": ("jobs.retried", by_api("jobs/retry", these)),
    "POST /api/ai/jobs/cancel": ("jobs.canceled", by_api("jobs/cancel", these)),
    "POST /api/ai/jobs/tag": ("jobs.tagged", by_api("jobs/tag", tagged)),
    "POST /api/ai/jobs/untag": ("jobs.untagged", by_api("jobs/untag", tagged)),
    f"DELETE /api/ai/jobs/{JOB}": (
        "jobs.erased",
        lambda scene: scene.api.delete(f"/api/ai/jobs/{scene.job()}"),
    ),
    f"POST /api/ai/jobs/{JOB}/cancel": (
        "jobs.canceled",
        lambda scene: scene.api.post(f"/api/ai/jobs/{scene.job()}/cancel"),
    ),
    f"POST /api/ai/jobs/{JOB}/retry": ("jobs.retried", by_api("jobs/{scene.failed}/retry")),
    f"DELETE /api/ai/collections/{COLLECTION}": (
        "jobs.erased",
        by_api("collections/{scene.collection.pk}", method="delete"),
    ),
    f"POST /api/ai/collections/{COLLECTION}/cancel": (
        "jobs.canceled",
        by_api("collections/{scene.collection.pk}/cancel"),
    ),
    f"POST /api/ai/collections/{COLLECTION}/continue": (
        "jobs.continued",
        by_api("collections/{scene.tried_collection}/continue"),
    ),
    f"POST /api/ai/collections/{COLLECTION}/retry": (
        "jobs.retried",
        by_api("collections/{scene.failed_collection.pk}/retry"),
    ),
    "POST /api/ai/webhooks": ("webhook.made", by_api("webhooks", lambda _: HOOK)),
    "PATCH /api/ai/webhooks/<uuid:webhook_id>": (
        "webhook.changed",
        by_api("webhooks/{scene.webhook}", lambda _: {"state": "off"}, "patch"),
    ),
    "DELETE /api/ai/webhooks/<uuid:webhook_id>": (
        "webhook.deleted",
        by_api("webhooks/{scene.webhook}", method="delete"),
    ),
    "POST /api/ai/webhooks/<uuid:webhook_id>/rotate": (
        "webhook.rotated",
        by_api("webhooks/{scene.webhook}/rotate"),
    ),
    "POST /v1/messages/batches/<str:batch_id>/cancel": (
        "jobs.canceled",
        lambda scene: scene.v1.post(f"/v1/messages/batches/{scene.messages}/cancel"),
    ),
    "DELETE /v1/messages/batches/<str:batch_id>": (
        "jobs.erased",
        lambda scene: scene.v1.delete(f"/v1/messages/batches/{scene.ended_messages}"),
    ),
    "POST /sign-in": ("person.signed_in", lambda _: Browser().sign_in("olga")),
    "POST /sign-in/code": ("person.signed_in", second_step),
    "POST /sign-in/new-password/<str:uidb36>/<str:key>": ("person.password_changed", choose_anew),
    "POST /sign-out": ("person.signed_out", by_page("sign-out")),
    "POST /confirm/<str:key>": ("person.address_changed", confirm_address),
    f"POST {SECURITY}/password": (
        "person.password_changed",
        by_page(
            "settings/security/password",
            oldpassword="olga", password1=PASSWORD, password2=PASSWORD,
        ),
    ),
    f"POST {SECURITY}/first-password": ("person.password_changed", first_password),
    f"POST {SECURITY}/app": ("person.factor_added", Scene.app),
    f"POST {SECURITY}/app/remove": ("person.factor_removed", without_app),
    f"POST {SECURITY}/passkeys/<int:pk>/remove": ("person.factor_removed", without_passkey),
    f"POST {SECURITY}/codes/new": ("person.factor_added", other_codes),
    "POST /settings/sessions/end": ("person.signed_out", by_page("settings/sessions/end")),
    "POST /settings/sessions/<int:session_id>/end": ("person.signed_out", end_another_session),
    "POST /jobs/send-now": ("jobs.sent_now", send_now),
    "POST /jobs/selection": ("jobs.tagged", select),
    f"POST /jobs/{JOB}/erase": (
        "jobs.erased",
        lambda scene: scene.page.post(f"/jobs/{scene.job()}/erase"),
    ),
    f"POST /jobs/{JOB}/cancel": (
        "jobs.canceled",
        lambda scene: scene.page.post(f"/jobs/{scene.job()}/cancel"),
    ),
    f"POST /jobs/{JOB}/retry": ("jobs.retried", by_page("jobs/{scene.failed}/retry")),
    f"POST /jobs/{JOB}/again": ("jobs.run_again", run_job_again),
    f"POST /collections/{COLLECTION}/cancel": (
        "jobs.canceled",
        by_page("collections/{scene.collection.pk}/cancel"),
    ),
    f"POST /collections/{COLLECTION}/continue": (
        "jobs.continued",
        by_page("collections/{scene.tried_collection}/continue", trial="1"),
    ),
    f"POST /collections/{COLLECTION}/retry": (
        "jobs.retried",
        by_page("collections/{scene.failed_collection.pk}/retry"),
    ),
    f"POST /collections/{COLLECTION}/erase": (
        "jobs.erased",
        by_page("collections/{scene.collection.pk}/erase"),
    ),
    "POST /quotes/<uuid:quote_id>/queue": ("jobs.run_again", run_collection_again),
    "POST /join/<str:token>": ("member.joined", join),
    "POST /settings/people/leave": ("member.left", leave),
    "POST /settings/people/invitations": (
        "invitation.made",
        by_page(
            "settings/people/invitations", emails="ann@example.com", role="member", days="7"
        ),
    ),
    "POST /settings/people/invitations/<uuid:invitation_id>/again": (
        "invitation.sent_again",
        with_invitation("again"),
    ),
    "POST /settings/people/invitations/<uuid:invitation_id>/withdraw": (
        "invitation.withdrawn",
        with_invitation("withdraw"),
    ),
    "POST /settings/people/<int:member_id>/role": (
        "member.role_changed",
        by_page("settings/people/{scene.member}/role", role="admin"),
    ),
    "POST /settings/people/<int:member_id>/remove": (
        "member.removed",
        by_page("settings/people/{scene.member}/remove"),
    ),
    "POST /settings/general": (
        "settings.changed",
        by_page("settings/general", name="Other", time_zone="UTC", keep_days="90"),
    ),
    "POST /settings/defaults": (
        "settings.changed",
        by_page("settings/defaults", **{"summarize-max_length": "77"}),
    ),
    "POST /settings/categories/new": (
        "settings.changed",
        by_page("settings/categories/new", name="Post", categories="a\nb"),
    ),
    "POST /settings/categories/<uuid:set_id>": (
        "settings.changed",
        by_page("settings/categories/{scene.categories}", name="Claims", categories="a\nb"),
    ),
    "POST /settings/categories/<uuid:set_id>/delete": (
        "settings.changed",
        by_page("settings/categories/{scene.categories}/delete"),
    ),
    "POST /settings/budget": (
        "settings.changed",
        by_page("settings/budget", budget_usd="50", limit_usd="", time_zone="UTC"),
    ),
    "POST /settings/deadlines": (
        "settings.changed",
        by_page("settings/deadlines", deadline_percent="99", full_price="on", rescue_usd="7"),
    ),
    "POST /settings/long-prompts": (
        "settings.changed",
        by_page("settings/long-prompts", long_prompts="refuse"),
    ),
    "POST /settings/repeats": (
        "settings.changed",
        by_page("settings/repeats", repeat_days="30"),
    ),
    "POST /settings/webhooks": ("webhook.made", by_page("settings/webhooks", **HOOK)),
    "POST /settings/webhooks/<uuid:webhook_id>/change": (
        "webhook.changed",
        by_page("settings/webhooks/{scene.webhook}/change", **HOOK),
    ),
    "POST /settings/webhooks/<uuid:webhook_id>/switch": (
        "webhook.changed",
        by_page("settings/webhooks/{scene.webhook}/switch"),
    ),
    "POST /settings/webhooks/<uuid:webhook_id>/rotate": (
        "webhook.rotated",
        by_page("settings/webhooks/{scene.webhook}/rotate"),
    ),
    "POST /settings/webhooks/<uuid:webhook_id>/delete": (
        "webhook.deleted",
        by_page("settings/webhooks/{scene.webhook}/delete"),
    ),
    "POST /settings/keys": (
        "key.made",
        by_page("settings/keys", name="Export", role="viewer"),
    ),
    "POST /settings/keys/<str:key_id>/roll": (
        "key.rolled_over",
        by_page("settings/keys/{scene.key}/roll", hours="24"),
    ),
    "POST /settings/keys/<str:key_id>/revoke": (
        "key.revoked",
        by_page("settings/keys/{scene.key}/revoke"),
    ),
}  # fmt: skip


def test_each_change_is_recorded_or_has_a_reason_why_not() -> None:
    assert RECORDED.keys() | UNRECORDED.keys() == CHANGES
    assert not RECORDED.keys() & UNRECORDED.keys()


@pytest.mark.parametrize("change", RECORDED)
def test_who_did_it_and_from_where_is_recorded(change: str) -> None:
    action, act = RECORDED[change]
    scene = Scene()
    before = set(AuditEntry.objects.values_list("pk", flat=True))
    act(scene)
    found = AuditEntry.objects.filter(tenant=scene.tenant, action=action).exclude(pk__in=before)
    assert found, list(AuditEntry.objects.exclude(pk__in=before).values("action", "subject"))
    key = APIKey.objects.earliest("created")
    guest = {"ann"} if "/join" in change else set()
    assert {one.actor for one in found} <= {"olga", f"key {key.prefix}"} | guest
    assert {one.address for one in found} == {"127.0.0.1"}
    assert all(
        one.actor.startswith("key ") == ("/api/" in change or "/v1/" in change) for one in found
    )


def test_the_page_tells_of_a_key_by_its_name() -> None:
    scene = Scene()
    scene.api.post(f"/api/ai/jobs/{scene.job()}/cancel")
    page = scene.page.get("/settings/audit", {"action": "jobs.canceled"}).content.decode()
    assert f"Import (key {APIKey.objects.get().prefix})" in page
    assert "127.0.0.1" in page


def words() -> Iterator[str]:
    """All that the audit holds."""
    for one in AuditEntry.objects.values("subject", "details"):
        yield from (one["subject"], *one["details"].values())


@pytest.mark.parametrize("act", [run_job_again, run_collection_again, select])
def test_no_text_of_a_document_is_in_it(act: Act) -> None:
    act(Scene())
    assert not [one for one in words() if "Hail" in one or "bear" in one or "fox" in one]

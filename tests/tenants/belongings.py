"""All that a tenant can have, one of each: the same for every tenant, but for the ids."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from aijobs import jobtypes
from aijobs.mails import leaving
from aijobs.models import (
    AIJob,
    Batch,
    CategorySet,
    Collection,
    JobTag,
    MailChoice,
    Operation,
    Quote,
    SavedView,
    Tag,
    Upload,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    new_id,
)
from citizenapp.tenants.models import APIKey, Invitation, Membership, Tenant, User
from tests.api.rows import fail, make_quote
from tests.factories import (
    NOW,
    make_batch,
    make_charge,
    make_entry,
    make_invitation,
    make_job,
    make_key,
    make_output,
    make_tenant,
    make_upload,
    make_user,
    make_webhook,
)
from tests.tenants.passkeys import credential

KINDS = jobtypes.names()
STATUSES = AIJob.Status.values
# What a job can be at. A submitted one is shown as processing where Anthropic has its batch.
LIFE = (*STATUSES, "at Anthropic")
LIVES = [(kind, life) for kind in KINDS for life in LIFE]


def _ids(shift: timedelta) -> list[UUID]:
    """One for each job; those of two tenants lie in turn, so that each page could hold both."""
    return [new_id(NOW + timedelta(seconds=number) + shift) for number in range(len(LIVES))]


# In a link that stops e-mails: made by us, of a choice that is gone. It belongs to nobody.
STOP_TOKEN = leaving.token_of(MailChoice(pk=0))


@dataclass(frozen=True)
class Batches:
    """Tenants share batches."""

    here: Batch = field(default_factory=lambda: make_batch("assembled"))
    at_anthropic: Batch = field(default_factory=lambda: make_batch("submitted"))


@dataclass
class Belongings:
    """The ids are known before the rows are there: so much may somebody else have guessed."""

    name: str
    shift: timedelta = timedelta()
    jobs: list[UUID] = field(init=False)
    collection: UUID = field(init=False)
    quote: UUID = field(init=False)
    operation: UUID = field(init=False)
    messages: UUID = field(init=False)
    """A collection of messages: those jobs of that kind that have not ended."""
    ended_messages: UUID = field(init=False)
    upload: UUID = field(init=False)
    webhook: UUID = field(init=False)
    categories: UUID = field(init=False)
    view: int = field(init=False)
    delivery: UUID = field(default_factory=uuid4)
    key: str = field(default_factory=lambda: f"{uuid4().hex[:8]}.{uuid4().hex}")
    invitation: UUID = field(init=False)
    token: str = field(default_factory=lambda: uuid4().hex)
    entry: UUID = field(init=False)
    member: int = field(init=False)
    """Who is no owner."""
    row: int = field(default_factory=lambda: uuid4().int % 10**9 + 10**9)
    """The id of what an owner has of each kind: a session, a passkey."""
    tenant: Tenant = field(init=False)

    def __post_init__(self) -> None:
        self.jobs, self.collection = _ids(self.shift), new_id(NOW + self.shift)
        self.quote = new_id(NOW + self.shift)
        self.operation = new_id(NOW + self.shift)
        self.messages, self.ended_messages = new_id(NOW + self.shift), new_id(NOW + self.shift)
        self.webhook = new_id(NOW + self.shift)
        self.invitation = new_id(NOW + self.shift)
        self.entry = new_id(NOW + self.shift)
        self.member = 1_000_000_000 + self.shift // timedelta(milliseconds=1)
        self.categories = new_id(NOW + self.shift)
        self.upload = new_id(NOW + self.shift)
        self.view = 1_000_001 if self.shift else 1_000_000

    @property
    def in_the_middle(self) -> UUID:
        return self.jobs[len(self.jobs) // 2]

    def job_that(self, life: str, kind: str = KINDS[0]) -> UUID:
        return self.jobs[LIVES.index((kind, life))]

    def sign_up(self) -> None:
        """A tenant with an owner, and nothing else."""
        self.tenant = make_tenant(self.name)
        self.owner = make_user(f"owner-of-{self.name}", self.tenant, role="owner")

    def store(self, batches: Batches) -> None:
        """Jobs of the first kind are in a collection."""
        self.sign_up()
        Authenticator.objects.create(
            id=self.row,
            user=self.owner,
            type="webauthn",
            data={"name": "Laptop", "credential": credential()},
        )
        UserSession.objects.create(
            id=self.row, user=self.owner, ip="192.0.2.1", session_key=f"of-{self.row}"
        )
        APIKey.objects.create(
            id=self.key, prefix=self.key[:8], hashed_key=self.key, name="k", tenant=self.tenant
        )
        collection = Collection.objects.create(
            id=self.collection, tenant=self.tenant, name="Policies", job_type=KINDS[0],
            total=len(LIFE), created_by="ann", created_at=NOW,
        )  # fmt: skip
        ended = len(AIJob.FINAL)
        for key, total in ((self.messages, len(LIFE) - ended), (self.ended_messages, ended)):
            Collection.objects.create(
                id=key, tenant=self.tenant, name="Messages", job_type="raw", total=total,
                created_by="a key", created_at=NOW,
            )  # fmt: skip
        viewer = make_user(f"viewer-of-{self.name}")
        Membership.objects.create(
            pk=self.member, user=viewer, tenant=self.tenant, role="viewer", created_at=NOW
        )
        make_invitation(
            self.tenant, f"guest-of-{self.name}@example.com", token=self.token, id=self.invitation
        )
        make_entry(self.tenant, id=self.entry, actor=f"owner-of-{self.name}")
        make_quote(self.tenant, self.quote, KINDS[0])
        Operation.objects.create(
            id=self.operation, tenant=self.tenant, kind="retry", total=1, created_by="ann",
            created_at=NOW, look_at=NOW,
        )  # fmt: skip
        CategorySet.objects.create(
            id=self.categories, tenant=self.tenant, name="Claims", categories=["motor", "home"]
        )
        make_upload(self.tenant, f"owner-of-{self.name}", id=self.upload)
        owner = User.objects.get(username=f"owner-of-{self.name}")
        SavedView.objects.create(
            id=self.view, tenant=self.tenant, user=owner, name="Failed", query="status=failed",
            is_shared=True, created_at=NOW,
        )  # fmt: skip
        tag = Tag.objects.create(tenant=self.tenant, name="urgent")
        webhook = make_webhook(self.tenant, id=self.webhook)
        WebhookDelivery.objects.create(
            webhook=webhook, public_id=self.delivery, next_at=NOW, created_at=NOW,
            event=WebhookEvent.objects.create(
                id=self.delivery, tenant=self.tenant, type="budget.threshold", subjects=[],
                happened_at=NOW,
            ),
        )  # fmt: skip
        for number, (job_id, (kind, life)) in enumerate(zip(self.jobs, LIVES, strict=True)):
            fields: dict[str, Any] = {"id": job_id, "status": life}
            if kind == KINDS[0]:
                fields["collection"] = collection
            if kind == "raw":
                ended = life in AIJob.FINAL
                fields["collection_id"] = self.ended_messages if ended else self.messages
            if life in AIJob.FINAL:
                fields["finished_at"] = NOW
            if life == "submitted":
                fields["batch"] = batches.here
            if life == "at Anthropic":
                fields |= {"status": "submitted", "batch": batches.at_anthropic}
            job = make_job(
                self.tenant,
                kind,
                f"Letter {number}",
                now=NOW + timedelta(seconds=number),
                reference=f"POL-{number % 2}",
                metadata={"of": self.name},
                **fields,
            )
            if number % 3 == 0:
                JobTag.objects.create(tag=tag, job=job)
            if life == "completed":
                make_output(job)
                make_charge(job, created_at=timezone.now(), route="sync" if number % 2 else "batch")
            if life == "failed":
                fail(job, 1)
                make_charge(job)

    @property
    def in_addresses(self) -> dict[str, list[str]]:
        """What stands in an address for a row of its own, but for jobs, collections and batches."""
        return {
            "key_id": [self.key],
            "invitation_id": [str(self.invitation)],
            "member_id": [str(self.member)],
            "token": [self.token],
            "quote_id": [str(self.quote)],
            "set_id": [str(self.categories)],
            "operation_id": [str(self.operation)],
            "upload_id": [str(self.upload)],
            "view_id": [str(self.view)],
            "webhook_id": [str(self.webhook)],
            "delivery_id": [str(self.delivery)],
            "name": ["not-found"],
            "stop_token": [STOP_TOKEN],
            "guide_name": ["errors"],
            "subject": ["jobs"],
            "sample": ["policy.txt"],
            "session_id": [str(self.row)],
            "uidb36": ["1"],
            "key": ["nonsense"],
        }

    def browser(self) -> Client:
        """A signed-in owner of the tenant."""
        client = Client()
        client.login(username=f"owner-of-{self.name}", password=f"owner-of-{self.name}")
        return client

    def machine(self) -> Client:
        """A caller of the API with a key of its own."""
        return Client(headers={"authorization": f"Bearer {make_key(self.tenant)}"})

    def program(self) -> Client:
        """A caller of Anthropic's API with such a key."""
        key = make_key(self.tenant)
        return Client(headers={"x-api-key": key, "anthropic-version": "2023-06-01"})

    def rows(self) -> list[dict[str, Any]]:
        """What actions could change; none before they are stored."""
        keys = APIKey.objects.filter(pk=self.key).values("pk", "revoked")
        members = Membership.objects.filter(user__username__endswith=f"-of-{self.name}")
        people = members.order_by("pk").values("user", "tenant", "role")
        invited = Invitation.objects.filter(pk=self.invitation)
        asked = invited.values("pk", "email", "role", "withdrawn_at", "accepted_at")
        quotes = Quote.objects.filter(pk=self.quote).values("pk", "tenant", "fields")
        webhooks = Webhook.objects.filter(pk=self.webhook).values("pk", "url", "state")
        deliveries = WebhookDelivery.objects.filter(webhook=self.webhook).order_by("pk")
        sent = deliveries.values("event__type", "status", "webhook")
        uploads = Upload.objects.filter(pk=self.upload).values("pk", "tenant", "read_as", "refused")
        passkeys = Authenticator.objects.filter(pk=self.row).values("pk", "data")
        sessions = UserSession.objects.filter(pk=self.row).values("pk", "session_key")
        jobs = AIJob.objects.filter(pk__in=self.jobs).order_by("pk").values()
        own = [*passkeys, *sessions]
        sets = CategorySet.objects.filter(pk=self.categories).values()
        views = SavedView.objects.filter(pk=self.view).values("pk", "name", "is_shared")
        tagged = JobTag.objects.filter(job__in=self.jobs).order_by("job").values("job", "tag__name")
        return [
            *(*views, *tagged, *sets, *keys, *people, *asked, *quotes, *webhooks, *sent),
            *(*uploads, *own, *jobs),
        ]

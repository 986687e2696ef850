"""Tenants, users, memberships and API keys."""

from datetime import datetime
from typing import ClassVar, Self
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.crypto import salted_hmac
from rest_framework_api_key.models import AbstractAPIKey, BaseAPIKeyManager

from citizenapp.tenants.api_versions import FIRST, choices, newest
from citizenapp.tenants.records import AuditEntry, SentMail

__all__ = [
    "APIKey",
    "AuditEntry",
    "Invitation",
    "LongPrompts",
    "Membership",
    "Role",
    "SentMail",
    "Tenant",
    "User",
]


def known_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError("There is no such time zone.")


class LongPrompts(models.TextChoices):
    """What becomes of a job whose prompt is so long that its model asks more for every token."""

    RUN = "run", "Run it at that price"
    OTHER_MODEL = "other_model", "Ask another model, whose price is the same for every length"
    REFUSE = "refuse", "Refuse it"


class TenantQuerySet(models.QuerySet["Tenant"]):
    def served(self) -> Self:
        """Tenants that may sign in and call the API: the demo tenant only in local mode."""
        tenants = self.filter(is_active=True)
        return tenants if settings.LOCAL else tenants.filter(is_demo=False)


class Tenant(models.Model):
    """A customer. Every job, batch share and charge belongs to exactly one."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=50, unique=True)
    is_active = models.BooleanField(
        default=True, help_text="Without it, members and API keys of this tenant are refused."
    )
    is_demo = models.BooleanField(default=False, editable=False)
    time_zone = models.CharField(
        max_length=50,
        default="UTC",
        db_default="UTC",
        validators=[known_time_zone],
        help_text="When its days and months begin, such as “Europe/Zurich”.",
    )
    budget_usd = models.DecimalField(
        "monthly budget",
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="In USD. Owners are told at 50, 80 and 100 %; nothing stops.",
    )
    limit_usd = models.DecimalField(
        "monthly limit",
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="In USD. What could go beyond it is refused, and what waits is held.",
    )
    weight = models.PositiveSmallIntegerField(
        default=1,
        db_default=1,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="From 1 to 100. While several tenants wait, each gets places in batches, and "
        "urgent calls side by side, in proportion to its weight: one with 3 gets three while "
        "others get one. It counts from the next job on, and costs nobody anything while no "
        "other waits.",
    )
    repeat_days = models.PositiveSmallIntegerField(
        "days that a result counts",
        default=30,
        db_default=30,
        validators=[MaxValueValidator(365)],
        help_text="The same question within so many days gets the same result, and is not charged."
        " 0: each is asked anew.",
    )
    keep_days = models.PositiveSmallIntegerField(
        "days that jobs are kept",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3_650)],
        help_text="So many days after its end, a job is deleted with its document and its result. "
        "What it cost stays. Empty: as long as the installation keeps them.",
    )
    deadline_percent = models.PositiveSmallIntegerField(
        "certainty of deadlines",
        choices=[(one, f"{one} %") for one in (50, 80, 90, 95, 99)],
        default=95,
        db_default=95,
        help_text="A job with a deadline goes by batch, at half the price, where so many of a "
        "hundred batches like its own end in time. Otherwise it runs at once.",
    )
    full_price = models.BooleanField(
        "may pay the full price",
        default=True,
        db_default=True,
        help_text="Without it, everything goes by batch: nothing runs at once, and deadlines are "
        "wishes that may be missed.",
    )
    rescue_usd = models.DecimalField(
        "monthly limit of rescues",
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="In USD. A batch that takes too long for a deadline is canceled, and what it has "
        "not answered runs at once, at twice the price. So much more may be paid for that in a "
        "month; empty: no limit but the monthly limit.",
    )
    long_prompts = models.CharField(
        max_length=11,
        choices=LongPrompts.choices,
        default=LongPrompts.RUN,
        db_default=LongPrompts.RUN,
        help_text="What becomes of a job whose prompt is so long that its model asks more for each "
        "of its tokens. The length is estimated before the job is queued.",
    )
    api_rate = models.PositiveIntegerField(
        "calls of the API a second",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Of all keys and sessions together, in the long run; a single key gets a share "
        "of it. Empty: as for all tenants.",
    )
    api_burst = models.PositiveIntegerField(
        "calls of the API at once",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="How many may come at once after a pause. Empty: as for all tenants.",
    )
    most_waiting = models.PositiveIntegerField(
        "most jobs that wait",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Jobs that are queued or on their way. What would be more is refused. Empty: as "
        "for all tenants.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(weight__gte=1, weight__lte=100), name="tenant_weight_known"
            ),
            models.CheckConstraint(
                condition=models.Q(deadline_percent__in=[50, 80, 90, 95, 99]),
                name="tenant_deadline_percent_known",
            ),
            models.CheckConstraint(
                condition=models.Q(long_prompts__in=LongPrompts.values),
                name="tenant_long_prompts_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person. What a person may do in a tenant is said by the membership, not here."""

    locale = models.CharField(
        "dates and numbers",
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="How they are written, such as “de-CH”. Empty: as the browser says.",
    )
    time_zone = models.CharField(
        max_length=50,
        blank=True,
        default="",
        db_default="",
        validators=[known_time_zone],
        help_text="Of all moments on pages. Empty: that of the browser.",
    )
    # Sessions that began before it are not good any more. None: all are.
    sessions_since = models.DateTimeField(null=True, editable=False)

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """Django's hash, by which a session knows that the password has changed."""
        whole: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        if self.sessions_since is None:
            return whole
        salt = "citizenapp.tenants.sessions_since"
        since = f"{whole} {self.sessions_since.timestamp()}"
        return salted_hmac(salt, since, secret=secret, algorithm="sha256").hexdigest()


class Role(models.TextChoices):
    """What a member may do. Each role may do all that the ones below it may."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    MEMBER = "member", "Member"
    VIEWER = "viewer", "Viewer"

    @property
    def can_write(self) -> bool:
        """Queue, cancel and retry jobs."""
        return self is not Role.VIEWER

    @property
    def can_administer(self) -> bool:
        """Manage API keys and members."""
        return self in {Role.OWNER, Role.ADMIN}

    @property
    def up_to_it(self) -> "list[Role]":
        """Itself and the ones below it, highest first: what one may give to others."""
        roles = list(Role)
        return roles[roles.index(self) :]


class Membership(models.Model):
    """A user's role in a tenant."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", db_index=False)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "tenant"], name="membership_once"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.tenant} ({self.role})"


class APIKey(AbstractAPIKey):
    """A key of a tenant: stored as a hash, shown once when it is made."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+")
    role = models.CharField(
        max_length=10,
        choices=[(role.value, role.label) for role in (Role.MEMBER, Role.VIEWER)],
        default=Role.MEMBER,
        help_text="A member queues and reads; a viewer only reads.",
    )
    version = models.CharField(
        "version of the API",
        max_length=10,
        choices=choices,
        default=newest,
        db_default=FIRST,  # Of keys that a process without this column makes.
        help_text="What calls with it speak that name no version.",
    )
    job_types = ArrayField(
        models.CharField(max_length=20),
        null=True,
        editable=False,
        help_text="Which it may queue; none where it may queue all.",
    )
    made_by = models.CharField(
        max_length=150, blank=True, default="", db_default="", editable=False
    )
    last_used_at = models.DateTimeField(null=True, editable=False, help_text="To the minute.")
    replaces = models.OneToOneField(
        "self",
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="successor",
        help_text="The key that was rolled over to this one.",
    )

    objects: ClassVar[BaseAPIKeyManager] = BaseAPIKeyManager()

    class Meta(AbstractAPIKey.Meta):
        verbose_name = "API key"
        verbose_name_plural = "API keys"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(role__in=[Role.MEMBER, Role.VIEWER]), name="api_key_role_known"
            ),
        ]


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def unanswered(self) -> Self:
        """Neither accepted nor withdrawn; some may have expired."""
        return self.filter(accepted_at=None, withdrawn_at=None)

    def open(self, now: datetime) -> Self:
        """Those that can be accepted, to tenants that are served."""
        return self.unanswered().filter(expires_at__gt=now, tenant__in=Tenant.objects.served())


class Invitation(models.Model):
    """Somebody with an e-mail address is asked to join a tenant in a role.

    The token of its link is stored as a hash: who reads the database cannot join by it.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", db_index=False)
    email = models.EmailField(help_text="In lower case.")
    role = models.CharField(max_length=10, choices=Role.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    is_link_shown = models.BooleanField(
        default=False,
        db_default=False,
        help_text="The inviter saw the link: who comes by it has not proven to read this address.",
    )
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    inviter = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, help_text="None where it could not be sent.")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=150, blank=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="invitation_of_tenant"),
            models.Index(
                fields=["email"],
                condition=models.Q(accepted_at=None, withdrawn_at=None),
                name="invitation_of_person",
            ),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant", "email"],
                condition=models.Q(accepted_at=None, withdrawn_at=None),
                name="invitation_once",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="invitation_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.tenant_id} ({self.role})"

"""What is written down as it happens: the audit, and the e-mails of local mode."""

from typing import ClassVar

from django.db import models


class AuditEntry(models.Model):
    """Who did what in a tenant, when and from where. Never changed, and deleted with its tenant.

    `actor` is a user's name, `key` and the prefix of a key, or `staff` and a user's name: no
    user's name holds a space. `action` is one of `audit.Action`.
    """

    id = models.UUIDField(primary_key=True, editable=False, help_text="Sorts by time.")
    tenant = models.ForeignKey(
        "tenants.Tenant", models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False
    )
    actor = models.CharField(max_length=160)
    action = models.CharField(max_length=30)
    subject = models.CharField(max_length=300, blank=True)
    details = models.JSONField(default=dict, help_text="Texts by name; never of a document.")
    address = models.GenericIPAddressField(null=True, help_text="Of IPv6, the network.")
    agent = models.CharField(max_length=120, blank=True, help_text="What the program calls itself.")
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "audit entries"
        indexes: ClassVar = [
            models.Index(fields=["tenant", "-id"], name="audit_of_tenant"),
            models.Index(fields=["tenant", "actor", "-id"], name="audit_of_actor"),
            models.Index(fields=["tenant", "action", "-id"], name="audit_of_action"),
        ]

    def __str__(self) -> str:
        return f"{self.actor}: {self.action}"


class SentMail(models.Model):
    """An e-mail of local mode, which has no mail server. The latest are kept."""

    sent_at = models.DateTimeField()
    sender = models.CharField(max_length=320)
    recipients = models.TextField()
    subject = models.TextField()
    text = models.TextField()

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return self.subject

"""What people do to jobs on a busy day, beside queueing them: tag, drop, ask anew; and read mail.

Each returns whether it is done for good. Who died before that was noted does it again.
"""

from datetime import datetime

from django.db import transaction

from aijobs.jobtypes import InvalidInput
from aijobs.models import (
    AIJob,
    Collection,
    FailureToTell,
    JobText,
    JobToRead,
    Mail,
    MailChoice,
    MailKind,
    Operation,
    Rerun,
)
from aijobs.pipeline import apply, rework, tag, withdraw
from citizenapp.tenants.models import Membership, Tenant, User
from tests.faults.world import World

# What is asked once more, of one job of each tenant; and the tags: of one job, and of all.
ASKED_ANEW = "Hail is covered, once more."
OF_ONE, OF_ALL = "first", "whole"


def be_mailed(world: World) -> None:
    """A person of each tenant wants to be told of everything by e-mail."""
    for tenant in Tenant.objects.order_by("pk"):
        email = f"ann@{tenant.slug}.example.com"
        person = User.objects.create(username=f"ann-{tenant.slug}", email=email)
        Membership.objects.create(user=person, tenant=tenant, role="member", created_at=world.now())
        MailChoice.objects.create(
            tenant=tenant, user=person, kinds=MailKind.values, root="http://x/"
        )


def tag_one(now: datetime) -> bool:
    for tenant in Tenant.objects.order_by("pk"):
        tag.tag_job(AIJob.objects.of(tenant).earliest("pk"), OF_ONE)
    return True


def tag_all(now: datetime) -> bool:
    """All that there are, by an operation each. Who got no answer looks before asking again."""
    for tenant in Tenant.objects.order_by("pk"):
        if not Operation.objects.filter(tenant=tenant).exists():
            jobs = AIJob.objects.of(tenant)
            apply.ask(tenant, Operation.Kind.TAG, jobs, by="ann", now=now, tag=OF_ALL)
    return True


@transaction.atomic
def forget_words(now: datetime) -> bool:
    """As if the search came new to a database in which there are jobs."""
    JobText.objects.all().delete()
    JobToRead.objects.create(job_id=AIJob.objects.latest("pk").pk, and_older=True)
    return True


def ask_anew(now: datetime) -> bool:
    """Edit a job that has an answer, and run it again."""
    for tenant in Tenant.objects.exclude(pk__in=Rerun.objects.values("tenant")).order_by("pk"):
        done = AIJob.objects.of(tenant).filter(status="completed", collection__name="Policies")
        if source := done.order_by("pk").first():
            rework.run_again(
                *(source, {"document_text": f"{tenant.name}: {ASKED_ANEW}"}, ()),
                now=now,
                created_by="ann",
                needed_within=None,
                fresh=True,
                refused=_refuse,
            )
    return have_asked_anew()


def have_asked_anew() -> bool:
    return not Tenant.objects.exclude(pk__in=Rerun.objects.values("tenant")).exists()


def _refuse(refusal: InvalidInput) -> None:
    raise refusal


def drop_an_answer(now: datetime) -> bool:
    """Of a job that has left, or is about to. It is asked again in the end."""
    leaving = AIJob.objects.filter(status="submitted", collection__name="Policies")
    job = leaving.order_by("pk").first()
    return job is not None and withdraw.withdraw_job(job, now=now).dropped == 1


def withdraw_a_collection(now: datetime) -> bool:
    """Once something of it has left, and for good: nobody asks for it again."""
    whose = Collection.objects.filter(name="Withdrawn")
    for collection in whose.filter(cancellation=None):
        left = AIJob.objects.filter(collection=collection).exclude(status="queued")
        if left.exists():
            withdraw.withdraw_collection(collection, drops=True, now=now)
    return not whose.filter(cancellation=None).exists()


def is_untold() -> bool:
    """Whether something is left that no job waits for."""
    return (
        Operation.objects.filter(status="running").exists()
        or JobToRead.objects.exists()
        or Mail.objects.filter(status="pending").exists()
        or FailureToTell.objects.exists()
    )

"""What must be so, when everything has ended, of what no job waits for: tags, words, e-mails."""

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Sum

from aijobs.models import AIJob, Collection, JobTag, JobText, Mail, MailKind, Operation
from aijobs.reading.filters import JobFilter, filtered
from citizenapp.tenants.models import SentMail, Tenant
from tests.faults.journeys import TENANTS
from tests.faults.people import OF_ALL, OF_ONE

if TYPE_CHECKING:
    from tests.faults.books import Books


def beside(books: "Books", named: int) -> None:
    """All of it is there, and nothing twice. So many jobs name their tenant."""
    books.compare("tags of one job", _tagged(OF_ONE), len(TENANTS))
    operations = Operation.objects.all()
    sums = operations.aggregate(total=Sum("total"), done=Sum("done"), changed=Sum("changed"))
    books.compare("operations", operations.filter(status="completed").count(), len(TENANTS))
    books.compare("jobs that an operation looked at", sums["done"], sums["total"])
    books.compare("tags of all jobs", _tagged(OF_ALL), sums["changed"])
    books.compare("jobs that were tagged", sums["changed"], sums["total"])
    books.compare("jobs that can be found", JobText.objects.count(), AIJob.objects.count())
    # Each document of a collection names its tenant, and so does what is asked anew.
    found = [filtered(one, JobFilter(text=one.name)).count() for one in Tenant.objects.all()]
    books.compare("jobs that are found by a word", sum(found), named)
    # Of one that was canceled as a whole nobody is told.
    ended = AIJob.objects.filter(collection=OuterRef("pk"), status__in=["completed", "failed"])
    done = Collection.objects.filter(Exists(ended)).values_list("pk", flat=True)
    mails = Mail.objects.filter(kind=MailKind.COLLECTION_DONE)
    told = {*mails.values_list("collection_id", flat=True)}
    books.compare("collections that e-mails told of", len(told & {*done}), len(done))
    sent = Mail.objects.filter(status="sent").count()
    books.compare("e-mails that were sent", sent, Mail.objects.count())
    # One that was sent and not yet marked may come twice; none is missing.
    books.refute("e-mails that did not arrive", max(0, sent - SentMail.objects.count()))


def _tagged(name: str) -> int:
    return JobTag.objects.filter(tag__name=name).count()

"""Work that ran at a chosen time, by our clock and by the emulator's alike."""

from datetime import UTC, date, datetime, time, timedelta

from anthropic import Anthropic
from django.conf import settings

from aijobs.bill import check, reports
from aijobs.models import AIJob, Batch, Reconciliation
from aijobs.pipeline import accept, assemble, dispatch, expedite, poll, settle
from citizenapp.tenants.models import Tenant
from tests.ground import Emulator
from tests.pipeline.steps import TEXT, at

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
ADMIN_KEY = "sk-ant-admin01-of-a-test"


class Clock:
    """Both clocks, set to ten in the morning of a day ahead: no test meets midnight by chance."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.now = self._theirs()
        self.set(datetime.combine(self.now.date() + DAY, time(10), UTC))

    def set(self, moment: datetime) -> None:
        self.emulator.advance((moment - self._theirs()).total_seconds())
        self.now = moment

    def on(self, hours: float) -> None:
        self.set(self.now + timedelta(hours=hours))

    @property
    def today(self) -> date:
        return self.now.date()

    def _theirs(self) -> datetime:
        answer = self.emulator.control("POST", "clock", {"advance_seconds": 0})
        return datetime.fromtimestamp(answer["now"], UTC)


def queue(
    clock: Clock, *documents: str, job_type: str = "summarize", tenant: Tenant, urgent: bool = False
) -> list[AIJob]:
    return [
        accept.accept_job(
            tenant,
            job_type,
            {"document_text": text},
            now=clock.now - HOUR,
            created_by="ann",
            needed_within=0 if urgent else None,
        )
        for text in documents or [TEXT]
    ]


def send(clock: Clock) -> Batch:
    assert assemble.run(clock.now) == 1
    assert dispatch.run(clock.now, at(clock.now)) == 1
    return Batch.objects.latest("pk")


def fetch(clock: Clock) -> None:
    """Settle the batch that has ended."""
    assert poll.run(clock.now + MINUTE) == 1
    assert settle.run(clock.now + MINUTE) == 1


def call(clock: Clock) -> None:
    """Answer what is urgent."""
    assert expedite.run(clock.now, at(clock.now)) >= 1


def compare(clock: Clock, day: date) -> Reconciliation:
    return check.check(day, reports.read, clock.now)


def stranger(emulator: Emulator, key: str | None = None) -> Anthropic:
    """Somebody who works with our own key."""
    return Anthropic(
        base_url=emulator.url, api_key=key or settings.ANTHROPIC_API_KEY, max_retries=0
    )

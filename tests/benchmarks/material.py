"""Documents of 2 KB, and jobs at any point of their way."""

from collections.abc import Callable, Iterator
from itertools import product
from random import Random

from django.db import connection, transaction
from django.utils import timezone

from aijobs.models import Batch
from aijobs.pipeline import accept, assemble, dispatch, poll
from tests.benchmarks.bench import Bench
from tests.factories import make_tenant

TENANTS = 20
SYLLABLES = "ba be ca co da de el en fa fi ga il in ka la le ma me na no or pa re sa ta te ur va"
WORDS_A_SENTENCE, SENTENCES = 13, 22


def documents(random: Random, count: int) -> Iterator[str]:
    """So many texts of about 2 KB, no two alike, about as hard to compress as English."""
    syllables = SYLLABLES.split()
    words = ["".join(parts) for parts in random.sample([*product(syllables, repeat=3)], 3_000)]
    for number in range(count):
        drawn = random.choices(words, k=WORDS_A_SENTENCE * SENTENCES)
        sentences = (
            " ".join(drawn[start : start + WORDS_A_SENTENCE]).capitalize()
            for start in range(0, len(drawn), WORDS_A_SENTENCE)
        )
        yield f"Policy no. {number:07}. {'. '.join(sentences)}."


def queue(bench: Bench) -> None:
    """Queue `bench.n` documents for some tenants, as collections."""
    count = bench.n
    tenants = [make_tenant() for _ in range(min(TENANTS, count))]
    texts = documents(bench.random, count)
    for place, tenant in enumerate(tenants):
        share = count // len(tenants) + (place < count % len(tenants))
        items = ({"document_text": next(texts), "max_length": 180} for _ in range(share))
        accept.accept_collection(
            tenant, "bench", "summarize", enumerate(items, 1), now=timezone.now(), created_by="ann"
        )


def send(then: Callable[[], object] = lambda: None) -> None:
    """Put all that waits into batches, and bring them to their end at the emulator."""
    while assemble.assemble_one(timezone.now()):
        pass
    dispatch.run(timezone.now(), timezone.now)
    while Batch.objects.filter(status__in=Batch.REMOTE).exists():
        poll.run(timezone.now())
    then()


def queue_anew() -> None:
    """Bring every job back to the queue, as if it had just come."""
    _rewind(
        "UPDATE aijobs_aijob SET status = 'queued', batch_id = NULL, attempts = 0,"
        " started_at = NULL, finished_at = NULL",
        "DELETE FROM aijobs_submission",
        "DELETE FROM aijobs_batch",
    )


def end_anew() -> None:
    """Bring every job back into its batch, whose results were not fetched yet."""
    _rewind(
        "UPDATE aijobs_aijob SET status = 'submitted', finished_at = NULL",
        "UPDATE aijobs_batch SET status = 'ended', settled_at = NULL",
    )


def assemble_anew() -> None:
    """Bring every batch back to where it is ready to be sent."""
    _rewind(
        "DELETE FROM aijobs_submission",
        "UPDATE aijobs_batch SET status = 'assembled', attempts = 0, retry_at = NULL,"
        " submitted_at = NULL",
    )


def _rewind(*statements: str) -> None:
    with connection.cursor() as cursor:
        with transaction.atomic():
            cursor.execute("SET LOCAL session_replication_role = replica")  # No triggers.
            cursor.execute("TRUNCATE aijobs_joboutput, aijobs_jobattempt, aijobs_ledgerentry")
            for statement in statements:
                cursor.execute(statement)
        # Rows that nobody has moved yet, and no page that is yet to be written.
        cursor.execute("VACUUM (FULL, ANALYZE) aijobs_aijob")
        cursor.execute("CHECKPOINT")

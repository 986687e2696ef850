"""One batch that cannot be worked on must not stop the others behind it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError

from aijobs.models import Batch

logger = logging.getLogger(__name__)

PAUSE = timedelta(minutes=5)
# So many attempts in vain are no accident any more: a person should know.
TRIES_BEFORE_STAFF = 5


@contextmanager
def quarantine(batch: Batch, now: datetime) -> Iterator[None]:
    """Put the batch off when the work on it fails in a way that nobody foresaw.

    Only the kind of error is told: PostgreSQL and parsers quote what they refuse, and that may
    be a document. When PostgreSQL is away, the whole round ends: nothing is wrong with the batch.
    """
    try:
        yield
    except (InterfaceError, OperationalError):
        raise
    except Exception as error:
        logger.error("Batch %s, %s: %s", batch.pk, batch.status, type(error).__name__)  # noqa: TRY400
        # What it was moved to may have been rolled back.
        batch.refresh_from_db()
        batch.defer(now + PAUSE, f"Failed unexpectedly: {type(error).__name__}")
        if batch.attempts >= TRIES_BEFORE_STAFF:
            batch.flag_for_staff(
                "It fails in a way that nobody foresaw. It is tried again every 5 minutes."
            )

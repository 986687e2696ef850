"""share: give the result of a job to those that ask the same and wait for it.

Whatever ended the first job, and wherever its worker died: here it is seen by its row alone.
"""

import logging
from datetime import datetime

from aijobs.crash_points import Step, crash_point
from aijobs.pipeline import _repeats

logger = logging.getLogger(__name__)


def due(now: datetime) -> bool:  # noqa: ARG001
    """Whether a job that others wait for is over."""
    return _repeats.is_due()


def run(now: datetime) -> int:
    """Answer those whose first is completed, release those whose first came to nothing."""
    answered = released = 0
    while some := _repeats.answer(now):
        crash_point(Step.SHARE_ANSWERED)
        answered += some
    while some := _repeats.release():
        crash_point(Step.SHARE_RELEASED)
        released += some
    if answered or released:
        logger.info("%s jobs have an earlier result, %s are sent after all.", answered, released)
    return answered + released

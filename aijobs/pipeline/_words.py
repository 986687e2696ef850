"""Words for answers that have none yet: a few thousand a round, the newest first.

They are from before there were words, or copies of one that somebody has corrected.
"""

from datetime import datetime

from django.db import connection, transaction

from aijobs.crash_points import Step, crash_point

# Rows of one statement, and statements of a round, so that a round ends soon.
PIECE_ROWS, MOST_PIECES = 1_000, 20

# One that is being deleted is passed over: it goes.
FILL = """
UPDATE aijobs_joboutput AS output
SET collection_id = job.collection_id, word = aijobs_word_of_answer(job.job_type, coalesce((
    SELECT correction.result FROM aijobs_correction AS correction
    WHERE correction.job_id = output.job_id ORDER BY correction.number DESC LIMIT 1
), output.result))
FROM aijobs_aijob AS job
WHERE job.id = output.job_id AND output.word IS NULL AND output.job_id = ANY(ARRAY(
    SELECT job_id FROM aijobs_joboutput WHERE word IS NULL
    ORDER BY job_id DESC LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
))
"""


def fill(now: datetime) -> int:  # noqa: ARG001
    """Give words to those that have none yet; returns how many."""
    filled = 0
    for _ in range(MOST_PIECES):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(FILL, [PIECE_ROWS])
            piece = cursor.rowcount
        crash_point(Step.SWEEP_WORDED)
        filled += piece
        if piece < PIECE_ROWS:
            break
    return filled

"""A key of another workspace shows nothing of ours. What we deleted is no sign of that."""

import pytest

from aijobs.submissions import identity
from tests.factories import NOW, make_batch, make_submission
from tests.ground import Emulator

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("deleted", [True, False])
def test_a_watermark_that_we_deleted_ourselves_proves_nothing(
    emulator: Emulator, deleted: bool
) -> None:
    """It was deleted between the look for it and the intent that names it."""
    old = make_batch("settled", remote_deleted_at=NOW if deleted else None)
    batch = make_batch("assembled")
    submission = make_submission(batch, "in_doubt", watermark=old.remote_id)
    assert identity.is_our_workspace(submission) is deleted

"""The points at which a worker may die, in the order of the stages, each with a name.

Between two points lies at most one thing that lasts: a commit, or a call to Anthropic. For fault
tests only, `AIJOBS_DIE_AT="dispatch.intent:2"` lets a process kill itself by SIGKILL when it
comes to that point for the second time. Where a real Anthropic answers, it does nothing.
"""

import os
import signal
from collections import Counter
from enum import StrEnum

from django.conf import settings

ORDER = "AIJOBS_DIE_AT"


class Step(StrEnum):
    """Named by stage, and by what has just happened."""

    ACCEPT_COPIED = "accept.copied"
    ACCEPT_COUNTED = "accept.counted"
    ACCEPT_COMMITTED = "accept.committed"
    RETRY_COMMITTED = "retry.committed"
    REWORK_COMMITTED = "rework.committed"
    TAG_COMMITTED = "tag.committed"
    APPLY_ASKED = "apply.asked"
    APPLY_MOVED = "apply.moved"
    APPLY_COMMITTED = "apply.committed"
    APPLY_PUT_OFF = "apply.put_off"
    ASSEMBLE_CLAIMED = "assemble.claimed"
    ASSEMBLE_COUNTED = "assemble.counted"
    ASSEMBLE_COMMITTED = "assemble.committed"
    DISPATCH_WRITTEN = "dispatch.written"
    DISPATCH_WATERMARK = "dispatch.watermark"
    DISPATCH_INTENT = "dispatch.intent"
    DISPATCH_SENDING = "dispatch.sending"
    DISPATCH_ANSWERED = "dispatch.answered"
    DISPATCH_CONFIRMED = "dispatch.confirmed"
    DISPATCH_TAKEN_BACK = "dispatch.taken_back"
    DISPATCH_REDUCED = "dispatch.reduced"
    DISPATCH_DISSOLVED = "dispatch.dissolved"
    DISPATCH_REFUSED = "dispatch.refused"
    DISPATCH_COMMITTED = "dispatch.committed"
    ERASE_ASKED = "erase.asked"
    ERASE_DELETED = "erase.deleted"
    ERASE_COMMITTED = "erase.committed"
    EXPEDITE_CLAIMED = "expedite.claimed"
    EXPEDITE_STREAMING = "expedite.streaming"
    EXPEDITE_ANSWERED = "expedite.answered"
    EXPEDITE_STORED = "expedite.stored"
    EXPEDITE_COMMITTED = "expedite.committed"
    EXPEDITE_LEARNED = "expedite.learned"
    EXPEDITE_PAUSED = "expedite.paused"
    INDEX_READ = "index.read"
    INDEX_READ_OLDER = "index.read_older"
    POLL_CLAIMED = "poll.claimed"
    POLL_ANSWERED = "poll.answered"
    POLL_CANCELED = "poll.canceled"
    POLL_COMMITTED = "poll.committed"
    RECONCILE_ABANDONED = "reconcile.abandoned"
    RECONCILE_LISTED = "reconcile.listed"
    RECONCILE_ADOPTED = "reconcile.adopted"
    RECONCILE_RELEASED = "reconcile.released"
    RESCUE_DECIDED = "rescue.decided"
    RESCUE_CANCELED = "rescue.canceled"
    SEED_MOVED = "seed.moved"
    SEED_COMMITTED = "seed.committed"
    SEED_WAIVED = "seed.waived"
    SEED_TRIAL_MOVED = "seed.trial_moved"
    SEED_TRIAL_COMMITTED = "seed.trial_committed"
    SETTLE_DOWNLOADED = "settle.downloaded"
    SETTLE_CHECKED = "settle.checked"
    SETTLE_LOCKED = "settle.locked"
    SETTLE_STORED = "settle.stored"
    SETTLE_COMMITTED = "settle.committed"
    SETTLE_SETTLED = "settle.settled"
    SETTLE_GAVE_BACK = "settle.gave_back"
    SETTLE_DISOWNED = "settle.disowned"
    SHARE_ANSWERED = "share.answered"
    SHARE_RELEASED = "share.released"
    SWEEP_RESCUED = "sweep.rescued"
    SWEEP_COMMITTED = "sweep.committed"
    SWEEP_PRICED = "sweep.priced"
    SWEEP_FOUND = "sweep.found"
    SWEEP_MISTAKEN = "sweep.mistaken"
    SWEEP_CANCELED = "sweep.canceled"
    SWEEP_WITHDRAWN = "sweep.withdrawn"
    SWEEP_COUNTED = "sweep.counted"
    SWEEP_DELETED = "sweep.deleted"
    SWEEP_PRUNED = "sweep.pruned"
    SWEEP_GAVE_UP = "sweep.gave_up"
    SWEEP_WORDED = "sweep.worded"
    WITHDRAW_DISSOLVED = "withdraw.dissolved"
    WITHDRAW_WISHED = "withdraw.wished"
    WITHDRAW_CANCELED = "withdraw.canceled"
    WITHDRAW_COMMITTED = "withdraw.committed"
    DELIVER_LOOKED = "deliver.looked"
    DELIVER_CLAIMED = "deliver.claimed"
    DELIVER_SENT = "deliver.sent"
    DELIVER_STORED = "deliver.stored"
    INFORM_WRITTEN = "inform.written"
    INFORM_CLAIMED = "inform.claimed"
    INFORM_SENT = "inform.sent"
    INFORM_STORED = "inform.stored"
    # Whoever chooses roads: assemble, expedite.
    ROAD_CHOSEN = "road.chosen"
    # Whoever learns whose a batch at Anthropic is: reconcile, settle, sweep.
    IDENTITY_RECORDED = "identity.recorded"
    # Whoever learns that Anthropic refuses everything, or nothing any more.
    BREAKER_OPENED = "breaker.opened"
    BREAKER_CLOSED = "breaker.closed"
    # Whoever stores endings: expedite, settle, dispatch, sweep.
    ENDINGS_COPIED = "endings.copied"
    ENDINGS_MOVED = "endings.moved"


_times: Counter[str] = Counter()


def crash_point(step: Step) -> None:
    """Go on; or die here, when that was ordered."""
    order = os.environ.get(ORDER)
    if order and settings.EMULATED:
        name, _, number = order.partition(":")
        if name == step:
            _times[name] += 1
            if _times[name] == int(number or 1):
                os.kill(os.getpid(), signal.SIGKILL)

"""Jobs, batches, collections and charges: their shape, their moves, their constraints.

A status changes only through a `mark_…` method: one conditional UPDATE that reports whether
it moved anything. Stages that move thousands of rows at once do the same in one statement.
"""

from aijobs.models.batches import Batch
from aijobs.models.breaker import BlockReason, CircuitBreaker
from aijobs.models.budgets import BudgetNotice, Reservation
from aijobs.models.cancellations import Cancellation
from aijobs.models.collections import Collection
from aijobs.models.defaults import CategorySet, JobDefaults
from aijobs.models.fields import dump_json
from aijobs.models.heartbeats import Heartbeat
from aijobs.models.idempotency import Claim, IdempotencyKey, KeyTaken
from aijobs.models.inputs import JobDocument, JobInput, Question
from aijobs.models.jobs import AIJob
from aijobs.models.ledger import LedgerEntry
from aijobs.models.listing import JobTag, JobText, JobToRead, SavedView, Tag
from aijobs.models.mails import FailureToTell, Mail, MailChoice, MailKind
from aijobs.models.notices import AdditionTold
from aijobs.models.operations import Operation, OperationPage
from aijobs.models.quotes import Quote, QuotePiece, TenantTokenRatio, TokenRatio
from aijobs.models.rates import RateBucket, RateLimit
from aijobs.models.reconciliations import ReconciledLine, Reconciliation, Verdict
from aijobs.models.rescues import Rescue
from aijobs.models.results import JobAttempt, JobOutput
from aijobs.models.reviews import Comment, Correction, Outdated, ReadMark, Rerun, unread_by
from aijobs.models.rollups import StatusCounter, UsageRollup
from aijobs.models.seedings import FOR_A_PERSON, Seeding
from aijobs.models.submissions import StrangerBatch, Submission, new_nonce
from aijobs.models.trials import Trial
from aijobs.models.turns import Turn
from aijobs.models.uploads import Upload, UploadDocument, UploadPiece
from aijobs.models.webhooks import (
    TEST_EVENT,
    CollectionToCheck,
    EventType,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
)
from citizenapp.ids import ids_from, new_id

__all__ = [
    "FOR_A_PERSON",
    "TEST_EVENT",
    "AIJob",
    "AdditionTold",
    "Batch",
    "BlockReason",
    "BudgetNotice",
    "Cancellation",
    "CategorySet",
    "CircuitBreaker",
    "Claim",
    "Collection",
    "CollectionToCheck",
    "Comment",
    "Correction",
    "EventType",
    "FailureToTell",
    "Heartbeat",
    "IdempotencyKey",
    "JobAttempt",
    "JobDefaults",
    "JobDocument",
    "JobInput",
    "JobOutput",
    "JobTag",
    "JobText",
    "JobToRead",
    "KeyTaken",
    "LedgerEntry",
    "Mail",
    "MailChoice",
    "MailKind",
    "Operation",
    "OperationPage",
    "Outdated",
    "Question",
    "Quote",
    "QuotePiece",
    "RateBucket",
    "RateLimit",
    "ReadMark",
    "ReconciledLine",
    "Reconciliation",
    "Rerun",
    "Rescue",
    "Reservation",
    "SavedView",
    "Seeding",
    "StatusCounter",
    "StrangerBatch",
    "Submission",
    "Tag",
    "TenantTokenRatio",
    "TokenRatio",
    "Trial",
    "Turn",
    "Upload",
    "UploadDocument",
    "UploadPiece",
    "UsageRollup",
    "Verdict",
    "Webhook",
    "WebhookDelivery",
    "WebhookEvent",
    "dump_json",
    "ids_from",
    "new_id",
    "new_nonce",
    "unread_by",
]

"""What became of the jobs of an operation, in sentences."""

from dataclasses import dataclass

from aijobs.models import Operation
from citizenapp.tenants import reader

_TITLES = {
    Operation.Kind.RETRY: ("Trying jobs again", "Jobs were tried again"),
    Operation.Kind.CANCEL: ("Canceling jobs", "Jobs were canceled"),
    Operation.Kind.ERASE: ("Erasing jobs", "Jobs were erased"),
    Operation.Kind.TAG: ("Tagging jobs", "Jobs were tagged"),
    Operation.Kind.UNTAG: ("Taking a tag off", "A tag was taken off"),
}
_CHANGED = {
    Operation.Kind.RETRY: "Queued {} again.",
    Operation.Kind.CANCEL: "Canceled {}.",
    Operation.Kind.ERASE: "Erased {}.",
    Operation.Kind.TAG: "Tagged {}.",
    Operation.Kind.UNTAG: "Taken off {}.",
}
_GONE = "{} {were} gone: erased, or older than jobs are kept."
# By what was asked for and why a job did not change. Several reasons may be one to people.
_SKIPPED: dict[str, dict[str, str]] = {
    Operation.Kind.CANCEL: {
        "submitted": "{} had already left with a batch; {they} {go} on.",
        "processing": "{} had already left with a batch; {they} {go} on.",
        "completed": "{} {were} done already.",
        "failed": "{} had failed already.",
        "canceled": "{} {were} canceled already.",
        "queued": "{} came back to the queue meanwhile: cancel {them} once more.",
    },
    Operation.Kind.RETRY: {
        "queued": "{} {wait} already.",
        "submitted": "{} {are} in progress already.",
        "processing": "{} {are} in progress already.",
        "completed": "{} {have} an answer already.",
        "limit-reached": "{} could cost more than is left of the monthly limit.",
        "queue-full": "{} would be more than may wait at once.",
        "long-prompt": "{} {have} a longer prompt than this workspace pays for.",
    },
    Operation.Kind.TAG: {
        "tagged-already": "{} had the tag already.",
        "tags-full": "{} {have} 20 tags already.",
    },
    Operation.Kind.UNTAG: {"not-tagged": "{} did not have it."},
    Operation.Kind.ERASE: {},
}
_ONE = {
    "were": "was", "go": "goes", "they": "it", "them": "it", "are": "is", "wait": "waits",
    "have": "has",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """A title, and a sentence for each thing that became of jobs."""

    title: str
    sentences: list[str]


def outcome(operation: Operation) -> Outcome:
    """What has become of it so far."""
    kind = Operation.Kind(operation.kind)
    is_over = operation.status != Operation.Status.RUNNING
    title = _TITLES[kind][1 if is_over else 0]
    if not operation.total:
        return Outcome(title, ["No job was meant by it."])
    if operation.job_id or operation.collection_id:
        sentence = (
            f"{reader.count(operation.changed)} of {reader.count(operation.total)} are erased."
        )
        if not is_over:
            sentence += " What is with Claude is erased as soon as it has ended."
        return Outcome(title, [sentence])
    sentences = [_CHANGED[kind].format(reader.count(operation.changed))]
    counted: dict[str, int] = {}
    for reason, jobs in sorted(operation.skipped.items()):
        template = _SKIPPED[kind].get(reason, _GONE)
        counted[template] = counted.get(template, 0) + jobs
    sentences += [_said(template, jobs) for template, jobs in counted.items()]
    if operation.status == Operation.Status.FAILED:
        left = operation.total - operation.done
        sentences.append(
            f"It went wrong again and again: {reader.count(left)} were left as they are."
        )
    return Outcome(title, sentences)


def _said(template: str, jobs: int) -> str:
    words = _ONE if jobs == 1 else {word: word for word in _ONE}
    return template.format(reader.count(jobs), **words)

"""Files to try the forms with. All that is in them is invented."""

from collections.abc import Mapping
from typing import Any, BinaryIO

from django.conf import settings
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from aijobs.web.guards import MemberRequest, for_members

FOLDER = settings.BASE_DIR / "docs" / "examples"
TEXT, TABLE = "policy.txt", "claims.csv"
SAMPLES = {TEXT: "text/plain; charset=utf-8", TABLE: "text/csv; charset=utf-8"}
# What the job types need to be told about them.
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "classify": {"categories": ["Hail and storm", "Water", "Travel", "Theft", "Other"]},
}


def text_of(name: str) -> str:
    """A sample as it is read."""
    return (FOLDER / name).read_text("utf-8")


@require_safe
@for_members
def sample(request: MemberRequest, sample: str) -> HttpResponse:  # noqa: ARG001
    """One of a few files, by its name."""
    if sample not in SAMPLES:
        raise Http404
    return HttpResponse(
        (FOLDER / sample).read_bytes(),
        content_type=SAMPLES[sample],
        headers={"Content-Disposition": f'attachment; filename="{sample}"'},
    )


def text() -> str:
    """The sample that is pasted."""
    return (FOLDER / TEXT).read_text()


def opened(sample: str) -> BinaryIO:
    """One of them, as a file."""
    return (FOLDER / sample).open("rb")

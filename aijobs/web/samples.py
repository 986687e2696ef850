"""Files to try the forms with. All that is in them is invented."""

from django.conf import settings
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from aijobs.web.guards import MemberRequest, for_members

FOLDER = settings.BASE_DIR / "docs" / "examples"
SAMPLES = {"policy.txt": "text/plain; charset=utf-8", "claims.csv": "text/csv; charset=utf-8"}


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

"""An answer and its document side by side: what both pages show that have them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aijobs.models import AIJob, JobDocument
from aijobs.reading import texts
from aijobs.reading.texts import Shown
from aijobs.web.job_parameters import OfDocument, Place
from citizenapp.tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class DocumentPane:
    """One document of a job, and of its text the part that is shown.

    `missing`: the number of the quotation that was asked for and stands nowhere in the text.
    """

    given: JobDocument
    several: Sequence[JobDocument]
    shown: Shown
    missing: int | None = None

    @property
    def has_file(self) -> bool:
        return bool(self.given.name)

    @property
    def parts(self) -> range:
        return range(1, self.shown.part.parts + 1)


def document_pane(
    tenant: Tenant, job: AIJob, result: Mapping[str, Any], asked: OfDocument
) -> DocumentPane:
    """What of which document is to be shown, with what the result quotes of it. A query or two."""
    several = list(job.documents.all())
    findings = _findings(result)
    at = asked.at
    number, wanted = at.document or 1, None
    if at.kind == "quote" and at.number <= len(findings):
        wanted = findings[at.number - 1]
    if wanted is not None:
        number = wanted.get("document") or number
    document = several[min(number, len(several)) - 1]
    quotes = [
        (place, str(finding.get("quote") or ""))
        for place, finding in enumerate(findings, 1)
        if (finding.get("document") or document.number) == document.number
    ]
    part, is_missing = _part(tenant, document, wanted, at)
    shown = texts.shown(part, document, quotes)
    return DocumentPane(document, several, shown, at.number if is_missing else None)


def _part(
    tenant: Tenant, document: JobDocument, wanted: Mapping[str, Any] | None, at: Place
) -> tuple[texts.Part, bool]:
    """The part to show, and whether a quotation that was asked for is not in the text."""
    page = at.number if at.kind == "page" else None
    if wanted is not None:
        if found := texts.part_of_quote(tenant, document, str(wanted.get("quote") or "")):
            return found, False
        page = wanted.get("page")
    if page and document.pages:
        return texts.part_of_page(tenant, document, page), wanted is not None
    return texts.part(tenant, document, at.number if at.kind == "part" else 1), wanted is not None


def _findings(result: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = result.get("findings")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

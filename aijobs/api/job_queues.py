"""POST summarize, classify, analyze: one endpoint for each job type there is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api import bodies, idempotency, openapi, quotes, shapes
from aijobs.api.endpoint import Endpoint
from aijobs.api.parameters import Queueing, documented
from aijobs.api.problems import TooLarge
from aijobs.api.quote_shapes import Quote as Quoted
from aijobs.documents import Document, DocumentLimits, HowToRead, UnreadableDocument, read_documents
from aijobs.documents.confined import Confined
from aijobs.jobtypes import InvalidInput, JobType
from aijobs.models import AIJob, Claim, KeyTaken
from aijobs.pipeline import accept
from aijobs.quotes.bill import Bill
from aijobs.quotes.terms import Terms
from citizenapp.tenants.access import Access

MOST_FILES = 50
MESSAGES = {
    AIJob.Route.BATCH: "Queued for the next batch, at half the price.",
    AIJob.Route.SYNC: "Queued to run at once, at full price.",
}
DEADLINE = (
    "Queued: by batch, at half the price, while that is in time; otherwise at once, at full price."
)
ANSWERED = "The same question was answered before: here is that result. Nothing is charged."
WAITS = "The same question is on its way already: its result will be this one's, free of charge."


class JobQueue(Endpoint):
    """Queues jobs of the type `kind`."""

    kind: JobType
    largest_upload = settings.AIJOBS_UPLOAD_BYTES

    def post(self, request: Request) -> Response:
        """202 with the job's id. Raises InvalidInput, KeyReused, TooLarge and what bodies raise."""
        now = timezone.now()
        self.must_be_in_scope([self.kind.name])
        wanted = Queueing.read(request.query_params)
        body = bodies.read(request)
        if wanted.quote:
            return idempotency.once(
                *(request, self.access.tenant, body),
                lambda: quotes.told(self.access, body, self.bill(self.access, body, now), now=now),
                now=now,
            )
        claim = idempotency.claim_of(request, body)
        try:
            with idempotency.waiting_briefly(claim):
                return Response(self.queue(self.access, body, now=now, claim=claim), 202)
        except KeyTaken:
            assert claim
            return idempotency.replay(self.access.tenant, claim)
        except InvalidInput:
            if claim:
                idempotency.refuse_reuse(self.access.tenant, claim)
            raise

    @classmethod
    def queue(
        cls, access: Access, body: bodies.Body, *, now: datetime, claim: Claim | None = None
    ) -> dict[str, Any]:
        """Queue what the body asks for. Raises InvalidInput, TooLarge, KeyTaken, LimitReached."""
        fields, documents = cls._read(body)
        within = fields.pop("needed_within", None)
        fresh = accept.check_fresh(fields.pop("fresh", False), lenient=body.is_form)
        job = accept.accept_job(
            access.tenant,
            cls.kind.name,
            fields,
            now=now,
            created_by=access.actor,
            needed_within=within,
            documents=documents,
            lenient=body.is_form,
            fresh=fresh,
            claim=claim,
            answer=_answer,
        )
        return _answer(job)

    @classmethod
    def bill(cls, access: Access, body: bodies.Body, now: datetime) -> Bill:
        """What it would cost. Raises InvalidInput and TooLarge."""
        fields, documents = cls._read(body)
        within = fields.pop("needed_within", None)
        fresh = accept.check_fresh(fields.pop("fresh", False), lenient=body.is_form)
        terms = Terms(access.tenant, cls.kind, now)
        checked = accept.check(terms, fields, within, documents, lenient=body.is_form)
        return accept.bill_of(terms, [checked.asked], fresh=fresh)

    @classmethod
    def _read(cls, body: bodies.Body) -> tuple[dict[str, Any], Sequence[Document]]:
        """The fields, and the documents that came as files."""
        fields = dict(body.fields)
        is_said = bodies.says_how_to_read(fields)
        how = bodies.how_to_read(fields)
        if body.is_form and "metadata" in fields:
            fields["metadata"] = bodies.json_field(fields["metadata"], "metadata")
        if is_said and not body.files:
            raise InvalidInput({name: ["Only of a file in `document`."] for name in is_said})
        if not body.files:
            return fields, []
        if unknown := body.files.keys() - {"document"}:
            raise InvalidInput({name: ["There is no such field for a file."] for name in unknown})
        return fields, cls._documents(body.files["document"], how)

    @classmethod
    def _documents(cls, files: "list[UploadedFile[Any]]", how: HowToRead) -> list[Document]:
        """Those of all files, in their order."""
        if len(files) > MOST_FILES:
            raise InvalidInput({"document": [f"At most {MOST_FILES} files make one job."]})
        if sum(file.size or 0 for file in files) > cls.largest_upload:
            raise TooLarge(cls.largest_upload, "document")
        documents: list[Document] = []
        with Confined() as confined:
            for number, file in enumerate(files, 1):
                try:
                    documents += read_documents(
                        cast(BinaryIO, file),
                        file.name or "",
                        file.content_type,
                        limits=DocumentLimits(size=cls.largest_upload),
                        confined=confined,
                        how=how,
                    )
                except UnreadableDocument as error:
                    which = f"File {number}: " if len(files) > 1 else ""
                    more = (
                        " Send accept_partial to queue what can be read."
                        if error.is_partial
                        else ""
                    )
                    raise InvalidInput({"document": [f"{which}{error}{more}"]}) from None
        return documents


def _answer(job: AIJob) -> dict[str, Any]:
    message = MESSAGES[AIJob.Route(job.route)]
    if job.needed_by and job.route == AIJob.Route.BATCH:
        message = DEADLINE
    if job.answered_by:
        message = ANSWERED if job.status == AIJob.Status.COMPLETED else WAITS
    return shapes.Queued(
        job_id=job.pk, status=job.status, answered_by=job.answered_by, message=message
    ).model_dump(mode="json")


def queue_of(kind: JobType) -> type[JobQueue]:
    """The endpoint of a job type, documented by the type's own models."""

    class Queue(JobQueue):
        @extend_schema(
            operation_id=kind.name,
            summary=f"Queue one job: {kind.title.lower()}",
            description=kind.description,
            tags=["jobs"],
            parameters=[*documented(Queueing), openapi.IDEMPOTENCY_KEY],
            request=openapi.job_request(kind),
            responses=openapi.responses({200: Quoted, 202: shapes.Queued}, 400, 402, 413, 415, 422),
        )
        def post(self, request: Request) -> Response:
            return super().post(request)

    Queue.kind = kind
    return Queue

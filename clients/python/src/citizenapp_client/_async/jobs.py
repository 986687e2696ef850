"""client.jobs: what becomes of single jobs."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from os import PathLike
from pathlib import Path

import httpx2

from citizenapp_client._async.transport import AsyncTransport
from citizenapp_client._calls import (
    Call,
    Id,
    Moment,
    at,
    cursor_of,
    delete,
    get,
    operation,
    parsed_text,
    post,
    waiting,
)
from citizenapp_client._states import Text
from citizenapp_client._wishes import Answers, JobFilter, JobStatus, many
from citizenapp_client.errors import Unreachable
from citizenapp_client.models import Job, JobPage, JobSummary, Operation


class AsyncJobs:
    """Jobs of your workspace."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    @operation("get_job")
    async def get(self, job_id: Id, *, wait: int | None = None) -> Job:
        """One job. With `wait`, at most so many seconds until it is different from now."""
        return await self._transport.ask(Job, _question(job_id, wait, ""))

    @operation("list_jobs")
    async def page(
        self,
        *,
        status: JobStatus | None = None,
        job_type: str | None = None,
        collection: Id | None = None,
        reference: str | None = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        tag: str | None = None,
        q: str | None = None,
        cursor: str | None = None,
        page_size: int | None = None,
    ) -> JobPage:
        """One page of them, newest first. `cursor` is from `next` or `previous` of another.

        `q`: words of references, files, documents and answers; of the last its beginning is enough.
        """
        call = get(
            "jobs",
            status=status,
            job_type=job_type,
            collection=collection,
            reference=reference,
            created_after=created_after,
            created_before=created_before,
            tag=tag,
            q=q,
            cursor=cursor,
            page_size=page_size,
        )
        return await self._transport.ask(JobPage, call)

    async def list(
        self,
        *,
        status: JobStatus | None = None,
        job_type: str | None = None,
        collection: Id | None = None,
        reference: str | None = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        tag: str | None = None,
        q: str | None = None,
        page_size: int | None = 100,
    ) -> AsyncGenerator[JobSummary]:
        """All of them, newest first; a page is asked for when the one before is used up."""
        cursor: str | None = None
        while True:
            page = await self.page(
                status=status,
                job_type=job_type,
                collection=collection,
                reference=reference,
                created_after=created_after,
                created_before=created_before,
                tag=tag,
                q=q,
                cursor=cursor,
                page_size=page_size,
            )
            for job in page.results:
                yield job
            cursor = cursor_of(page.next)
            if cursor is None:
                return

    @operation("cancel_job")
    async def cancel(
        self,
        job_id: Id,
        *,
        answers: Answers | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Cancel a job that waits; `problems.Conflict` once it is on its way to Claude, or over.

        With `answers="drop"` also one on its way: it goes on and is charged, and its answer goes.
        """
        call = post(at("jobs/{}/cancel", job_id), key=idempotency_key, answers=answers)
        return await self._transport.ask(Job, call)

    @operation("retry_job")
    async def retry(self, job_id: Id, *, idempotency_key: str | None = None) -> Job:
        """Queue a failed or canceled job again."""
        return await self._transport.ask(
            Job, post(at("jobs/{}/retry", job_id), key=idempotency_key)
        )

    @operation("retry_jobs")
    async def retry_many(
        self,
        ids: Sequence[Id] | None = None,
        *,
        filter: JobFilter | None = None,
        idempotency_key: str | None = None,
    ) -> Operation:
        """Queue these failed and canceled jobs again, by ids or by filter. Follow it, or not."""
        call = many("jobs/retry", ids, filter, idempotency_key)
        return await self._transport.ask(Operation, call)

    @operation("cancel_jobs")
    async def cancel_many(
        self,
        ids: Sequence[Id] | None = None,
        *,
        filter: JobFilter | None = None,
        answers: Answers | None = None,
        idempotency_key: str | None = None,
    ) -> Operation:
        """Cancel those that wait among these jobs, by ids or by filter. Follow it, or not.

        With `answers="drop"` the answers of those on their way to Claude are not kept.
        """
        call = many("jobs/cancel", ids, filter, idempotency_key, answers=answers)
        return await self._transport.ask(Operation, call)

    @operation("tag_jobs")
    async def tag_many(
        self,
        tag: str,
        ids: Sequence[Id] | None = None,
        *,
        filter: JobFilter | None = None,
        idempotency_key: str | None = None,
    ) -> Operation:
        """Give these jobs a tag, by ids or by filter. Follow it, or not."""
        call = many("jobs/tag", ids, filter, idempotency_key, {"tag": tag})
        return await self._transport.ask(Operation, call)

    @operation("untag_jobs")
    async def untag_many(
        self,
        tag: str,
        ids: Sequence[Id] | None = None,
        *,
        filter: JobFilter | None = None,
        idempotency_key: str | None = None,
    ) -> Operation:
        """Take a tag from these jobs, by ids or by filter. Follow it, or not."""
        call = many("jobs/untag", ids, filter, idempotency_key, {"tag": tag})
        return await self._transport.ask(Operation, call)

    @operation("erase_job")
    async def erase(self, job_id: Id, *, idempotency_key: str | None = None) -> Operation | None:
        """Erase all of it but what it cost. None: done; or the operation that is at it."""
        call = delete(at("jobs/{}", job_id), key=idempotency_key)
        return await self._transport.ask_if_any(Operation, call)

    async def wait(self, job_id: Id, *, timeout: float | None = None) -> Job:
        """The job once it has ended. Raises StillRunning after `timeout` seconds."""
        states = self._transport.follow(
            Job,
            lambda wait, tag: _question(job_id, wait, tag),
            lambda job: job.has_ended,
            timeout,
        )
        async with aclosing(states):
            async for job in states:
                last = job
        return last

    @operation("stream_job")
    async def stream(self, job_id: Id) -> AsyncGenerator[Text | Job]:
        """What Claude writes, while it does; last of all the job. For jobs needed now.

        A job that goes by batch has no text: there is only the job, once it has ended.
        """
        async with self._transport.opened(get(at("jobs/{}/stream", job_id))) as response:
            async for event in httpx2.EventSource(response):
                if event.event == "text":
                    yield parsed_text(Text, event.data)
                elif event.event == "done":
                    yield parsed_text(Job, event.data)
                    return
        raise Unreachable("The stream ended before the job.")

    @operation("get_document")
    async def document(self, job_id: Id, *, number: int | None = None) -> str:
        """The text of a document as it was read; the first, unless you say which."""
        call = get(at("jobs/{}/document", job_id), number=number)
        return (await self._transport.send(call)).text

    @operation("get_document")
    async def original(
        self, job_id: Id, path: str | PathLike[str], *, number: int | None = None
    ) -> Path:
        """Write the file as it was sent to `path`; `problems.NotFound` where a text was sent."""
        call = get(at("jobs/{}/document", job_id), number=number, original=True)
        return await self._transport.save(call, path)


def _question(job_id: Id, wait: int | None, tag: str) -> Call:
    return waiting(at("jobs/{}", job_id), wait, tag)

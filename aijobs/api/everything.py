"""GET export: all that a workspace has, as a ZIP that is written while it is sent."""

import io
import tarfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO

from django.conf import settings
from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from aijobs.api import openapi, problem_types
from aijobs.api.endpoint import Endpoint
from aijobs.api.problems import Refusal
from aijobs.models import dump_json
from aijobs.reading import everything
from aijobs.reading.everything import PARTS, Snapshot
from citizenapp.streaming import streamed
from citizenapp.tenants.audit import Action
from citizenapp.tenants.models import Tenant

ZIP = "application/zip"


class UnderWay(Refusal):
    """One export of the tenant is being sent already."""

    kind = problem_types.RATE_LIMITED
    status_code = kind.status

    def __init__(self) -> None:
        super().__init__(
            "An export of this workspace is under way. There is one at a time.",
            headers={"Retry-After": "10"},
        )


class Export(Endpoint):
    """GET export."""

    @extend_schema(
        operation_id="export_everything",
        summary="All that the workspace has",
        tags=["export"],
        responses=openapi.responses({(200, ZIP): bytes}),
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """A ZIP: settings, members, invitations, names of keys, the audit, collections, jobs with
        documents and results, charges, quotes and operations as lines of JSON, and `files.tar` with
        the files themselves.

        All of it is of one moment, unless it takes longer than the server keeps one: `export.json`,
        which comes last, says of which moments it is. Without it the download is not whole.
        For owners, admins, members and keys that may queue; one at a time. Members get no audit,
        no invitations, no webhooks and no kept views.
        """
        if not self.access.can_write:
            raise PermissionDenied("A viewer may read single jobs, and may not take everything.")
        now = timezone.now()
        chunks: Iterator[bytes] = iter(())
        if request.method == "GET":
            if everything.is_being_read(self.access.tenant):
                raise UnderWay
            # Keys that may queue are made by owners and admins, as are exports by them.
            may_all = self.access.can_administer or bool(self.access.key)
            self.tell(Action.EXPORTED, "")
            chunks = archive(self.access.tenant, now, may_all=may_all)
        name = f"{self.access.tenant.slug}-{now:%Y-%m-%d}.zip"
        return streamed(request._request, chunks, ZIP, name)


def archive(tenant: Tenant, now: datetime, *, may_all: bool = True) -> Iterator[bytes]:
    """The ZIP, piece by piece. Errors while it is sent end it early, without its directory.

    Without what only administrators see, where `may_all` is False.
    """
    out = _Pipe()
    counts: dict[str, int] = {}

    def counted(name: str, pieces: Iterable[list[str]]) -> Iterator[bytes]:
        counts[name] = 0
        for lines in pieces:
            counts[name] += len(lines)
            yield "".join(f"{line}\n" for line in lines).encode()

    with (
        Snapshot(
            settings.AIJOBS_EXPORT_SECONDS, time.monotonic, everything.lock_of(tenant)
        ) as snapshot,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped,
    ):

        def file(name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
            info = zipfile.ZipInfo(name, now.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            with zipped.open(info, "w", force_zip64=True) as inner:
                for piece in pieces:
                    inner.write(piece)
                    yield out.taken()
            yield out.taken()

        yield from file("workspace.json", [everything.workspace(tenant, snapshot)])
        for part in PARTS:
            if part.is_for_administrators and not may_all:
                continue
            pieces = everything.lines(tenant, snapshot, part)
            yield from file(f"{part.name}.ndjson", counted(part.name, pieces))
        yield from file("jobs.ndjson", counted("jobs", everything.jobs(tenant, snapshot)))
        yield from file("files.tar", _tar(everything.files(tenant, snapshot), now, counts))
        said = {"exported_at": now.isoformat(), "moments": snapshot.moments, "rows": counts}
        yield from file("export.json", [dump_json(said).encode()])
    yield out.taken()


def _tar(
    files: Iterable[tuple[str, bytes]], now: datetime, counts: dict[str, int]
) -> Iterator[bytes]:
    """A TAR inside the ZIP: unlike a ZIP it keeps no directory in memory of what is in it."""
    out = _Pipe()
    counts["files"] = 0
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.PAX_FORMAT) as packed:
        for path, data in files:
            info = tarfile.TarInfo(path)
            info.size, info.mtime = len(data), int(now.timestamp())
            packed.addfile(info, io.BytesIO(data))
            packed.getmembers().clear()  # It would remember each.
            counts["files"] += 1
            yield out.taken()
    yield out.taken()


class _Pipe(io.RawIOBase, IO[bytes]):
    """What is written into it is taken out of it. It cannot seek, and says so."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        """All that was written since the last time."""
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data

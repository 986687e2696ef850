"""A ZIP of documents: each file in it is a document of its own."""

import os
import zipfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple

from .confined import Confined
from .documents import AUTO, Document, DocumentLimits, HowToRead, UnreadableDocument, read_documents
from .office_files import BROKEN_ZIP
from .table_parts import UnreadableTable

# What a ZIP of documents holds is none of these: they say that it is a document by itself.
_OF_ONE_DOCUMENT = ("[Content_Types].xml", "mimetype", "content.xml")
# What systems put beside the files of people.
_JUNK_NAMES = {".ds_store", "thumbs.db", "desktop.ini"}
_JUNK_FOLDERS = {"__macosx", ".git"}


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What one archive may ask for; sizes in bytes."""

    files: int = 1_000
    unpacked: int = 300_000_000
    document: int = 10_000_000


DEFAULT_LIMITS = ArchiveLimits()


class Member(NamedTuple):
    """A file of an archive. `error` is for the person who sent it, where it cannot be read."""

    number: int
    """Its place among the files that are documents, from 1."""
    path: str
    documents: tuple[Document, ...] = ()
    """Itself, and what is attached to it."""
    error: str = ""


def is_archive(file: BinaryIO) -> bool:
    """Whether this is a ZIP of files, and not a workbook or a document that is packed as one."""
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        return False
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.namelist()[0] not in _OF_ONE_DOCUMENT and not any(
                name in _OF_ONE_DOCUMENT for name in islice(archive.namelist(), 50)
            )
    except (*BROKEN_ZIP, IndexError):
        return False


def read_archive(
    file: BinaryIO, how: HowToRead = AUTO, limits: ArchiveLimits = DEFAULT_LIMITS
) -> tuple[Iterator[Member], list[str]]:
    """The documents of an archive in their order, and warnings: which files are passed over.

    A few are read side by side, each in a confined process; no more are held. `file` must stay
    open. Raises UnreadableTable.
    """
    try:
        archive = zipfile.ZipFile(file)
        # One without a name is in damaged archives alone, and its is_dir() fails.
        infos = [one for one in archive.infolist() if one.filename and not one.is_dir()]
    except BROKEN_ZIP:
        raise UnreadableTable("The ZIP file is damaged.") from None
    junk = [info for info in infos if _is_junk(info.filename)]
    wanted = [info for info in infos if not _is_junk(info.filename)]
    if not wanted:
        raise UnreadableTable("The ZIP file has no documents in it.")
    if len(wanted) > limits.files:
        raise UnreadableTable(
            f"The ZIP file has {len(wanted):,} files; at most {limits.files:,} are accepted."
        )
    if sum(info.file_size for info in wanted) > limits.unpacked:
        raise UnreadableTable(
            f"The ZIP file unpacks to more than {limits.unpacked // 1_000_000} MB."
        )
    warnings = [f"{len(junk)} files of the system were passed over"] if junk else []
    return _read(archive, wanted, how, limits), warnings


def _read(
    archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], how: HowToRead, limits: ArchiveLimits
) -> Iterator[Member]:
    at_once = os.cpu_count() or 1
    running: deque[Future[Member]] = deque()
    with Confined() as confined, ThreadPoolExecutor(at_once) as threads:
        for number, info in enumerate(infos, 1):
            data, error = _unpacked(archive, info, limits)
            running.append(
                threads.submit(_member, number, info.filename, data, error, how, limits, confined)
            )
            if len(running) > at_once:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def _unpacked(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: ArchiveLimits
) -> tuple[bytes, str]:
    """The bytes of a file, or why they cannot be had. What it says of its size is not trusted."""
    if info.flag_bits & 1:
        return b"", "It is protected by a password."
    try:
        with archive.open(info) as member:
            data = member.read(limits.document + 1)
    except BROKEN_ZIP:
        return b"", "It is damaged, or packed in a way that cannot be read."
    if len(data) > limits.document:
        return b"", f"It is too large: at most {limits.document // 1_000_000} MB are accepted."
    return data, ""


def _member(
    number: int,
    path: str,
    data: bytes,
    error: str,
    how: HowToRead,
    limits: ArchiveLimits,
    confined: Confined,
) -> Member:
    if not error and data.startswith(b"PK\x03\x04") and path.lower().endswith(".zip"):
        error = "An archive within an archive is not opened."
    if error:
        return Member(number, path, error=error)
    try:
        read = read_documents(
            data,
            PurePosixPath(path).name,
            how=how,
            limits=DocumentLimits(size=limits.document),
            confined=confined,
        )
    except UnreadableDocument as refused:
        return Member(number, path, error=str(refused))
    return Member(number, path, read)


def _is_junk(path: str) -> bool:
    *folders, name = PurePosixPath(path.lower()).parts or ("",)
    return name in _JUNK_NAMES or name.startswith("._") or not _JUNK_FOLDERS.isdisjoint(folders)

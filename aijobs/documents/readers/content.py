"""What a reader returns, and how it refuses."""

import base64
import io
import zipfile
from dataclasses import dataclass, field
from typing import IO


class Refusal(Exception):
    """The file is sound, but nothing of it can or may be read. The message is for its sender."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that hangs on another one, for whoever reads it in a process of its own."""

    name: str
    media_type: str
    """As its sender says, with the charset where there is one."""
    base64: str = ""
    problem: str = ""
    """Why it cannot be had, where it cannot."""

    @classmethod
    def of(cls, name: str, media_type: str, data: bytes) -> "Attachment":
        return cls(name, media_type, base64.b64encode(data).decode())

    @property
    def data(self) -> bytes:
        return base64.b64decode(self.base64)


@dataclass(slots=True)
class Content:
    """What was read of a file.

    `missing` names what a person sees in the file and what `text` lacks: "page 3 has no text". A
    file with any is refused unless its sender accepts a part. `warnings` names what was left out
    as it should be, or is worth knowing: "struck text was left out". Neither quotes the document.
    """

    text: str
    pages: int | None = None
    """How many pages there are, where the format has pages."""
    missing: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unreadable_pages: list[int] = field(default_factory=list)
    """The numbers of the pages, from 1, that `text` does not stand for: scans, damaged ones."""
    is_encrypted: bool = False
    """Whether it opened with an empty password, as no other program may do for its sender."""
    pixels: tuple[int, int] = (0, 0)
    """Width and height of an image."""
    attachments: list[Attachment] = field(default_factory=list)
    """In the order in which a person meets them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may ask for: bytes of text or of unpacked members, and pages."""

    unpacked: int
    pages: int


def check_unpacked(file: bytes | IO[bytes], limits: Limits) -> None:
    """Refuse a ZIP whose members say that they unpack to more than is accepted."""
    # A member that unpacks to more than it declares fails its checksum.
    with zipfile.ZipFile(io.BytesIO(file) if isinstance(file, bytes) else file) as archive:
        if sum(member.file_size for member in archive.infolist()) > limits.unpacked:
            raise Refusal("The file unpacks to more than is accepted.")

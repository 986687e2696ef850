"""What an Office file is, by what is in it."""

import io
import lzma
import zipfile
import zlib

# What zipfile raises for an archive that is damaged, protected, or packed in an unknown way.
BROKEN_ZIP = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError),
    *(OSError, EOFError, ValueError),
)
_MAIN_PARTS = {"word/document.xml": "docx", "ppt/presentation.xml": "pptx"}
_FOLDERS = {"word/": "docx", "ppt/": "pptx"}
_OPEN_TEXT = "application/vnd.oasis.opendocument.text"
# Names of streams, as the folder of an OLE file has them.
_ENCRYPTED, _WORD, _SLIDES = (
    name.encode("utf-16-le") for name in ("EncryptedPackage", "WordDocument", "PowerPoint Document")
)
_FIB = b"\xec\xa5"


def kind_of_zip(data: bytes) -> str | None:
    """`docx`, `pptx` or `odt` by the names of the members; None for another ZIP or a broken one."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            first = archive.getinfo("mimetype") if "mimetype" in names else None
            if first is not None and first.file_size < 200:
                mime = archive.read(first).decode("latin-1")
                return "odt" if mime.startswith(_OPEN_TEXT) else None
    except BROKEN_ZIP:
        return None
    for kinds in (_MAIN_PARTS, _FOLDERS):
        for name in names:
            for start, kind in kinds.items():
                if name.lower().startswith(start):
                    return kind
    return None


def reason_of_ole(data: bytes) -> str | None:
    """Why an Office file in an OLE container is not read, for the person who sent it."""
    if _ENCRYPTED in data:
        return "The file is protected by a password. Save it without a password."
    if _WORD in data:
        # The stream most often stands first; the flag for encryption is in its header.
        if data[512:514] == _FIB and data[523] & 1:
            return "The Word document is protected by a password. Save it as .docx without one."
        return "The file is in the format of Word 97 to 2003 (.doc). Save it as .docx."
    if _SLIDES in data:
        return "The file is in the format of PowerPoint 97 to 2003 (.ppt). Save it as .pptx."
    return None

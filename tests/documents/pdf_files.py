"""Makes PDFs for tests, from the operators that draw their pages."""

import io
import zlib
from pathlib import Path

CASES = Path(__file__).parent / "cases"
_HELVETICA = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"


class Pdf:
    """A PDF that grows by pages; F1 is Helvetica, Im a gray picture of one point."""

    def __init__(self) -> None:
        self.objects: list[bytes] = [b"", b""]
        self.pages: list[int] = []
        self.font = self.add(_HELVETICA)
        self.image = self.stream(
            b"\x80",
            b"/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8"
            b"/ColorSpace/DeviceGray",
        )

    def add(self, body: bytes) -> int:
        self.objects.append(body)
        return len(self.objects)

    def stream(self, data: bytes, entries: bytes = b"") -> int:
        return self.add(b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data))

    def page(
        self,
        content: bytes,
        *,
        entries: bytes = b"",
        font: int = 0,
        size: tuple[int, int] = (595, 842),
        raw: int = 0,
    ) -> None:
        """A page that `content` draws, or the object `raw`; `entries` go into its dictionary."""
        contents = raw or self.stream(zlib.compress(content), b"/Filter/FlateDecode")
        self.pages.append(
            self.add(
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents %d 0 R%s/Resources<<"
                b"/Font<</F1 %d 0 R>>/XObject<</Im %d 0 R>>>>>>"
                % (*size, contents, entries, font or self.font, self.image)
            )
        )

    def written(self, catalog: bytes = b"") -> bytes:
        self.objects[0] = b"<</Type/Catalog/Pages 2 0 R%s>>" % catalog
        kids = b" ".join(b"%d 0 R" % number for number in self.pages)
        self.objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(self.pages), kids)
        out = io.BytesIO(b"%PDF-1.7\n")
        out.seek(0, io.SEEK_END)
        offsets = []
        for number, body in enumerate(self.objects, 1):
            offsets.append(out.tell())
            out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        start = out.tell()
        out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
        out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
        out.write(b"trailer<</Size %d/Root 1 0 R>>\n" % (len(offsets) + 1))
        out.write(b"startxref\n%d\n%%%%EOF" % start)
        return out.getvalue()


def line(text: str, x: float, y: float, size: float = 10) -> bytes:
    """A line of Latin text at a place, in points from the lower left corner."""
    escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    return b"BT /F1 %g Tf %g %g Td (%s) Tj ET\n" % (size, x, y, escaped.encode("cp1252"))


def image(x: float, y: float, width: float, height: float) -> bytes:
    return b"q %g 0 0 %g %g %g cm /Im Do Q\n" % (width, height, x, y)


def one_page(*drawn: bytes, entries: bytes = b"") -> bytes:
    pdf = Pdf()
    pdf.page(b"".join(drawn), entries=entries)
    return pdf.written()

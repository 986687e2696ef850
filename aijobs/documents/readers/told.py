"""What a reader tells of a document, in sentences that quote nothing of it."""

from .blocks import Found

_MISSING = {
    "header": "{n} header{s} that could not be found or read",
    "footer": "{n} footer{s} that could not be found or read",
    "note": "{n} note{s} whose text could not be found",
    "numbering": "the numbers of lists, whose definitions are damaged",
    "symbol": "{n} character{s} of a symbol font that {is_are} not known",
    "field": "{n} field{s} whose value is not stored or has no end",
    "chart": "{n} chart{s}",
    "diagram": "{n} diagram{s}",
    "control": "{n} control{s} of a form (ActiveX)",
    "chunk": "{n} imported part{s}",
    "object spreadsheet": "{n} embedded spreadsheet{s}",
    "object document": "{n} embedded document{s}",
    "object presentation": "{n} embedded presentation{s}",
    "object equation": "{n} equation{s} of an old editor",
    "object object": "{n} embedded object{s}",
    "table": "{n} embedded table{s}",
    "scan": "{n} picture{s} in the place of text, such as scans",
    "media": "{n} sound{s} or film{s}",
}
_WARNINGS = {
    "struck": "struck text was left out",
    "hidden": "hidden text was left out",
    "deleted": "text deleted with tracked changes was left out",
    "number": "numbers of lists that the file does not store as text could not be read",
    "note page": "notes that begin anew on each page are counted through here",
    "number format": "some lists have numbers of a kind that is shown in digits here",
}


def missing_of(found: Found) -> list[str]:
    """What a person sees in the document and the text lacks."""
    return [_said(_MISSING.get(key, key), n) for key, n in found.missing.items() if n]


def warnings_of(found: Found) -> list[str]:
    """What was left out rightly, or is worth knowing."""
    told = [_WARNINGS.get(key, "") for key, n in found.warnings.items() if n and key in _WARNINGS]
    pictures, described = found.warnings["picture"], found.warnings["alternative"]
    if pictures:
        told.append(
            _said("{n} picture{s} {was_were} not read", pictures)
            + f" ({described} with a description)"
        )
    if found.warnings["comment"]:
        told.append(_said("{n} comment{s} {was_were} left out", found.warnings["comment"]))
    own = {*_WARNINGS, "picture", "alternative", "comment"}
    return told + [key for key, n in found.warnings.items() if n and key not in own]


def _said(text: str, n: int) -> str:
    one = n == 1
    return (
        text.replace("{n}", f"{n:,}")
        .replace("{s}", "" if one else "s")
        .replace("{is_are}", "is" if one else "are")
        .replace("{was_were}", "was" if one else "were")
    )

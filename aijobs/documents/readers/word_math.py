"""Equations as one line of text."""

from collections.abc import Callable, Iterable
from typing import Any

from .office import child, children, name_of, value

_SILENT = {"w:del", "w:moveFrom", "w:rPr", "m:rPr", "m:ctrlPr"}


def linear(element: Any) -> str:
    """An equation on one line: `(a+b)/2`, `x^2`, `sqrt(x)`."""
    name = name_of(element)
    if name in {"m:t", "w:t"}:
        return element.text or ""
    if name in _SILENT or (name.startswith("m:") and name.endswith("Pr")):
        return ""
    form: Callable[[Any], str] = _FORMS.get(name, _joined)
    return form(element)


def _joined(element: Any) -> str:
    return "".join(map(linear, element))


def _part(element: Any, name: str) -> str:
    found = child(element, f"m:{name}")
    return "" if found is None else _joined(found)


def _grouped(text: str) -> str:
    return text if len(text) <= 1 or text.isalnum() else f"({text})"


def _sign(element: Any, properties: str, name: str, usual: str) -> str:
    found = child(element, f"m:{properties}", f"m:{name}")
    return usual if found is None else value(found) or ""


def _scripts(element: Any) -> str:
    sub, sup = _part(element, "sub"), _part(element, "sup")
    marks = (f"_{_grouped(sub)}" if sub else "") + (f"^{_grouped(sup)}" if sup else "")
    return marks + (" " if marks else "")


def _scripted(element: Any) -> str:
    return _grouped(_part(element, "e")) + _scripts(element).strip()


def _root(element: Any) -> str:
    degree, inner = _part(element, "deg"), _part(element, "e")
    return f"root({degree}, {inner})" if degree else f"sqrt({inner})"


def _delimited(element: Any) -> str:
    between = _sign(element, "dPr", "sepChr", "|")
    inner = between.join(_joined(one) for one in children(element, "m:e"))
    return _sign(element, "dPr", "begChr", "(") + inner + _sign(element, "dPr", "endChr", ")")


def _rows(rows: Iterable[Any]) -> str:
    return "; ".join(", ".join(_joined(one) for one in children(row, "m:e")) for row in rows)


_FORMS: dict[str, Callable[[Any], str]] = {
    "m:f": lambda e: f"{_grouped(_part(e, 'num'))}/{_grouped(_part(e, 'den'))}",
    "m:sSup": _scripted,
    "m:sSub": _scripted,
    "m:sSubSup": _scripted,
    "m:sPre": lambda e: _scripts(e).strip() + _grouped(_part(e, "e")),
    "m:rad": _root,
    "m:d": _delimited,
    "m:nary": lambda e: _sign(e, "naryPr", "chr", "∫") + _scripts(e) + _part(e, "e"),
    "m:func": lambda e: f"{_part(e, 'fName')}({_part(e, 'e')})",
    "m:limLow": lambda e: f"{_part(e, 'e')}_({_part(e, 'lim')})",
    "m:limUpp": lambda e: f"{_part(e, 'e')}^({_part(e, 'lim')})",
    "m:m": lambda e: f"[{_rows(children(e, 'm:mr'))}]",
    "m:eqArr": lambda e: "; ".join(_joined(one) for one in children(e, "m:e")),
    "m:acc": lambda e: _part(e, "e") + _sign(e, "accPr", "chr", "\u0302"),
}

"""Text in drawings: shapes, charts and diagrams."""

from collections import Counter
from typing import Any

from . import pipes
from .office import DAMAGE, Package, child, children, descendants, name_of, value, whole

_MOST_POINTS = 20_000


def drawn_text(paragraph: Any, warnings: Counter[str] | None = None) -> str:
    """The text of a paragraph (`a:p`) of a shape; struck text is left out and told."""
    parts = []
    for one in paragraph:
        name = name_of(one)
        if name in {"a:r", "a:fld"}:
            parts.append(_run(one, warnings))
        elif name == "a:br":
            parts.append("\n")
    return "".join(parts).replace("\u00ad", "")


def _run(run: Any, warnings: Counter[str] | None) -> str:
    text = child(run, "a:t")
    words = "" if text is None else (text.text or "")
    properties = child(run, "a:rPr")
    if properties is None or not words.strip():
        return words
    if (value(properties, "strike") or "noStrike") != "noStrike":
        if warnings is not None:
            warnings["struck"] += 1
        return ""
    raised = whole(properties, "baseline")
    if not raised:
        return words
    sign = "^" if raised > 0 else "_"
    return sign + (words if words.isalnum() else f"({words})")


def diagram_text(package: Package, part: str) -> str | None:
    """The text of a diagram's points (SmartArt), a line each; None where it cannot be read."""
    try:
        root = package.root(part)
    except DAMAGE:
        return None
    lines = []
    for point in descendants(root, "dgm:pt"):
        if value(point, "type") not in {"pres", "parTrans", "sibTrans"}:
            lines += [drawn_text(one) for one in descendants(point, "a:p")]
    return "\n".join(line for line in lines if line.strip())


def chart_text(package: Package, part: str) -> str | None:
    """A chart's titles and stored values as a table; None where they cannot be read."""
    try:
        root = package.root(part)
    except DAMAGE:
        return None
    titles = [
        " ".join(drawn_text(one) for one in descendants(title, "a:p")).strip()
        for title in descendants(root, "c:title")
    ]
    series = descendants(root, "c:ser")
    columns = [_stored(child(series[0], "c:cat") if series else None)]
    if not columns[0] and series:
        columns[0] = _stored(child(series[0], "c:xVal"))
    heads = [""]
    for one in series:
        heads.append(" ".join(_stored(child(one, "c:tx")).values()))
        values = _stored(child(one, "c:val")) or _stored(child(one, "c:yVal"))
        columns.append(values)
    places = sorted({place for column in columns for place in column})
    rows = [heads] + [[column.get(place, "") for column in columns] for place in places]
    table = pipes.table(rows) if places else ""
    return "\n\n".join(part for part in ("\n".join(filter(None, titles)), table) if part)


def _stored(data: Any) -> dict[int, str]:
    """The stored values of a series, by their place."""
    found: dict[int, str] = {}
    if data is None:
        return found
    levels = descendants(data, "c:lvl")
    # Categories may have several levels; the first is the finest.
    for point in descendants(levels[0] if levels else data, "c:pt")[:_MOST_POINTS]:
        text = child(point, "c:v")
        found[whole(point, "idx")] = "" if text is None else text.text or ""
    direct = children(data, "c:v")
    if not found and direct:
        found[0] = direct[0].text or ""
    return found

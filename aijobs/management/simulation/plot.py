"""Two drawings of an outcome, as one SVG: deadlines met against cost, and what was promised."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from aijobs.management.simulation import Outcome, report

WIDTH, HEIGHT = 820, 380
SIDE, TOP = 260, 60
"""Of each square, and where it begins."""
LEFT, RIGHT = 70, 500

# Each schedule has a shape of its own, so that nobody needs colours.
SHAPES = (
    '<circle r="7" fill="{ink}"/>',
    '<path d="M0,-8 8,0 0,8 -8,0z" fill="none" stroke="{ink}" stroke-width="2"/>',
    '<rect x="-6" y="-6" width="12" height="12" fill="none" stroke="{ink}" stroke-width="2"/>',
    '<path d="M0,-8 8,6 -8,6z" fill="none" stroke="{ink}" stroke-width="2"/>',
    '<path d="M-6,-6 6,6M-6,6 6,-6" stroke="{ink}" stroke-width="2.5"/>',
)
INK, LINE = "#1a1a1a", "#8a8a8a"


def drawn(outcome: Outcome, title: str) -> str:
    """The whole file. Only of an outcome with deadlines."""
    names = ", ".join(
        f"{cells[0]}: {cells[1]} in time at {cells[3]}" for cells in report.schedules(outcome)
    )
    body = "\n".join([*_costs(outcome), *_promises(outcome)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}" role="img" '
        'aria-labelledby="title description">\n'
        f'<title id="title">{escape(title)}</title>\n'
        f'<desc id="description">{escape(names)}.</desc>\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n'
        f'<text x="{LEFT}" y="24" font-size="15" font-weight="600">{escape(title)}</text>\n'
        f"{body}\n</svg>\n"
    )


def _costs(outcome: Outcome) -> Iterator[str]:
    cheapest = outcome.schedules[1]
    ratios = [report.ratio(one, cheapest) for one in outcome.schedules]
    most = max(2.0, *ratios) * 1.05
    least = min(0.9, *(one.share_met for one in outcome.schedules)) // 0.1 / 10
    yield _square(LEFT, "Deadlines met, by cost")
    for number in range(6):
        share = least + (1 - least) * number / 5
        y = TOP + SIDE - SIDE * number / 5
        yield _text(LEFT - 6, y + 4, f"{share:.0%}", "end") + _rule(LEFT, y)
    for number in range(5):
        x = LEFT + SIDE * number / 4
        yield _text(x, TOP + SIDE + 16, f"{0.9 + (most - 0.9) * number / 4:.2f}", "middle")
    yield _text(LEFT + SIDE / 2, TOP + SIDE + 34, "times the cheapest", "middle")
    for number, (one, ratio) in enumerate(zip(outcome.schedules, ratios, strict=True)):
        x = LEFT + SIDE * (ratio - 0.9) / (most - 0.9)
        y = TOP + SIDE - SIDE * (one.share_met - least) / (1 - least)
        shape = SHAPES[number].format(ink=INK)
        yield f'<g transform="translate({x:.1f},{y:.1f})">{shape}</g>'
        # Those that lie upon each other are told apart here.
        key = TOP + SIDE - 92 + 18 * number
        yield f'<g transform="translate({LEFT + 110},{key})">{shape}</g>'
        yield _text(LEFT + 124, key + 4, one.name)


def _promises(outcome: Outcome) -> Iterator[str]:
    yield _square(RIGHT, "Batches that ended within a promise")
    for number in range(6):
        y, x = TOP + SIDE - SIDE * number / 5, RIGHT + SIDE * number / 5
        yield _text(RIGHT - 6, y + 4, f"{number / 5:.0%}", "end") + _rule(RIGHT, y)
        yield _text(x, TOP + SIDE + 16, f"{number / 5:.0%}", "middle")
    yield _text(RIGHT + SIDE / 2, TOP + SIDE + 34, "promised with this certainty", "middle")
    yield (
        f'<path d="M{RIGHT},{TOP + SIDE} {RIGHT + SIDE},{TOP}" stroke="{LINE}" '
        'stroke-dasharray="5 4"/>'
    )
    points = [
        (RIGHT + SIDE * one.level, TOP + SIDE - SIDE * one.share)
        for one in outcome.reliability
        if one.batches
    ]
    if points:
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'<polyline points="{line}" fill="none" stroke="{INK}" stroke-width="1.5"/>'
    for x, y in points:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{INK}"/>'


def _square(left: int, title: str) -> str:
    return (
        f'<rect x="{left}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="{LINE}"/>'
        f'<text x="{left}" y="{TOP - 12}">{title}</text>'
    )


def _rule(left: int, y: float) -> str:
    return f'<path d="M{left},{y:.1f}h{SIDE}" stroke="{LINE}" stroke-opacity=".3"/>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'

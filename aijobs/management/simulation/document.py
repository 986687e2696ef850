"""The tables of docs/simulation.md, which the command writes."""

import re
from collections.abc import Mapping

from aijobs.management.simulation import Outcome, report

PLACE = re.compile(r"(<!-- (?P<mix>[a-z-]+) -->\n\n```text\n).*?(```\n)", re.DOTALL)


def with_tables(text: str, outcomes: Mapping[str, Outcome]) -> str:
    """The document with what came of each mix in the place that bears its name.

    Raises ValueError where a mix has no place.
    """
    places = {found["mix"] for found in PLACE.finditer(text)}
    if missing := outcomes.keys() - places:
        raise ValueError(f"There is no place for {', '.join(sorted(missing))}.")
    return PLACE.sub(
        lambda found: found[1] + report.deadlines(outcomes[found["mix"]]) + "\n" + found[3], text
    )

"""What the style of a Word table switches on in its cells: hidden and struck text."""

from dataclasses import dataclass
from typing import Any

from .office import child, children, value
from .word_styles import Styles

# The parts of a table, those that count more behind those that count less, with their bit in an
# older form of the same.
_PARTS = {"firstCol": 0x80, "lastCol": 0x100, "firstRow": 0x20, "lastRow": 0x40}
_NAMES = {"firstCol": "firstColumn", "lastCol": "lastColumn"}


@dataclass(frozen=True, slots=True)
class TableLook:
    """The switches of a table's style by part, for the parts that the table has."""

    switches: dict[str, dict[str, bool]]
    columns: int
    """How many there are, or 0 where the file does not say."""

    def at(self, row: int, rows: int, column: int) -> dict[str, bool]:
        """The switches for a cell, all counted from 0."""
        is_in = {
            "wholeTable": True,
            "firstCol": column == 0,
            "lastCol": column == self.columns - 1,
            "firstRow": row == 0,
            "lastRow": row == rows - 1,
        }
        found: dict[str, bool] = {}
        for part, switches in self.switches.items():
            if is_in[part]:
                found |= switches
        return found


def look_of(table: Any, styles: Styles) -> TableLook:
    """What the style of a table says, as far as the table wants its parts set apart."""
    properties = child(table, "w:tblPr")
    named = None if properties is None else child(properties, "w:tblStyle")
    said = {} if named is None else styles.switches_in_table(value(named) or "")
    wanted = None if properties is None else child(properties, "w:tblLook")
    parts = ["wholeTable", *(part for part in _PARTS if said and _is_wanted(wanted, part))]
    grid = child(table, "w:tblGrid")
    columns = 0 if grid is None else len(children(grid, "w:gridCol"))
    return TableLook({part: said[part] for part in parts if part in said}, columns)


def _is_wanted(look: Any, part: str) -> bool:
    if look is None:
        return False
    said = value(look, _NAMES.get(part, part))
    if said is not None:
        return said in {"1", "true", "on"}
    try:
        return bool(int(value(look) or "0", 16) & _PARTS[part])
    except ValueError:
        return False

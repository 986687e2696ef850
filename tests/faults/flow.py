"""Reads the pipeline's source: where may two lasting things follow each other without a point?

Between two of them a worker may die, and no fault test could let it die there.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

# What lasts: calls that change something at Anthropic, rows that are stored, and jobs that move.
# Moves of a row are called `mark_…`.
LASTING = {
    *("create_batch", "create_message", "cancel_batch", "delete_batch", "copy_rows"),
    *("create", "bulk_create", "get_or_create", "save", "queue_unsent_again", "queue_again"),
    *("cancel_unsent", "cancel_waiting", "drop_answers"),
}
POINT = "crash_point"
# Calls what it is given: a name, and perhaps again.
RETRYING = "retry_while_db_down"
# Of `path`: the block was left, nothing comes behind it.
LEFT = None


def functions(path: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def calls(node: ast.AST) -> list[str]:
    """Everything that it calls, in the order in which the calls end: `moves.adopt`, `.mark_x`."""
    found = [call for call in ast.walk(node) if isinstance(call, ast.Call)]
    found.sort(key=lambda call: (call.end_lineno or 0, call.end_col_offset or 0))
    return [_name(call.args[0] if _name(call.func) == RETRYING else call.func) for call in found]


def _name(node: ast.expr) -> str:
    """A name with its module's; of a method, only its own."""
    match node:
        case ast.Attribute(value=ast.Name(id=module)):
            return f"{module}.{node.attr}"
        case ast.Attribute():
            return f".{node.attr}"
        case _:
            return ast.unparse(node)


def is_atomic(function: ast.FunctionDef) -> bool:
    """Whether it is one transaction: all that it stores is there at its end, or nothing is."""
    return any(
        ast.unparse(one) in {"transaction.atomic", "_both"} for one in function.decorator_list
    )


class Reader:
    """Knows all functions of the rooms, alone and with their module: `adopt`, `moves.adopt`.

    `in_transactions`: those that store in the transaction of whoever calls them.
    """

    def __init__(self, files: Iterable[Path], in_transactions: set[str]) -> None:
        self.by_name: dict[str, list[ast.FunctionDef]] = defaultdict(list)
        for path in files:
            for function in functions(path):
                for name in (function.name, f"{path.stem}.{function.name}"):
                    self.by_name[name].append(function)
        self.in_transactions = in_transactions

    def has_point(self, name: str) -> bool:
        """Whether a call by this name comes to a point, or is one."""
        return name == POINT or any(
            POINT in calls(one) and not is_atomic(one) for one in self.by_name.get(name, ())
        )

    def lasts(self, name: str, way: tuple[str, ...] = ()) -> bool:
        """Whether a call by this name may leave something behind that no point follows."""
        last_word = name.rpartition(".")[2]
        if name not in self.by_name and (last_word in LASTING or last_word[:5] == "mark_"):
            return True
        if name in way or self.has_point(name):
            return False
        return any(
            self.lasts(called, (*way, name))
            for one in self.by_name.get(name, ())
            for called in calls(one)
        )

    def gaps(self, function: ast.FunctionDef) -> list[str]:
        """Two lasting things each, one behind the other, without a point between them."""
        found: list[str] = []
        if not is_atomic(function) and function.name not in self.in_transactions:
            self._block(function.body, "", found)
        return sorted(set(found))

    def _block(self, block: Sequence[ast.stmt], last: str, found: list[str]) -> str | None:
        """What lasts and had no point yet at the end of a block that begins with `last`."""
        now: str | None = last
        for statement in block:
            assert now is not None
            now = self._statement(statement, now, found)
            if now is LEFT:
                break
        return now

    def _statement(self, one: ast.stmt, last: str, found: list[str]) -> str | None:
        match one:
            case ast.FunctionDef():
                return last  # Read by itself.
            case ast.If():
                return self._choice(one, last, found)
            case ast.Try():
                whole = self._block([*one.body, *one.orelse], last, found)
                ends = [whole, *(self._block(each.body, last, found) for each in one.handlers)]
                after = _either(ends)
                return LEFT if after is LEFT else self._block(one.finalbody, after, found)
            case ast.For() | ast.While():
                head = one.iter if isinstance(one, ast.For) else one.test
                before = self._calls(head, last, found)
                once = self._block(one.body, before, found)
                # What one round leaves is there when the next begins.
                again = before if once is LEFT else self._block(one.body, once, found)
                return _either([before if again is LEFT else again or before])
            case ast.With():
                return self._with(one, last, found)
        last = self._calls(one, last, found)
        return LEFT if isinstance(one, ast.Return | ast.Raise | ast.Continue | ast.Break) else last

    def _with(self, one: ast.With, last: str, found: list[str]) -> str | None:
        if any("atomic" in ast.unparse(item) for item in one.items):
            # All of it lasts at its end, be there points in it or not.
            stored = [name for part in one.body for name in calls(part) if self.lasts(name)]
            return self._comes(stored[0], last, found) if stored else last
        for item in one.items:
            last = self._calls(item.context_expr, last, found)
        return self._block(one.body, last, found)

    def _choice(self, one: ast.If, last: str, found: list[str]) -> str | None:
        done = self._calls(one.test, last, found)
        # A move tells whether it moved anything: where it did not, nothing lasts.
        yes, no = done, last
        if isinstance(one.test, ast.UnaryOp):
            yes, no = no, yes
        elif not isinstance(one.test, ast.Call):
            no = done
        return _either([self._block(one.body, yes, found), self._block(one.orelse, no, found)])

    def _calls(self, node: ast.AST, last: str, found: list[str]) -> str:
        for name in calls(node):
            if self.has_point(name):
                last = ""
            elif self.lasts(name):
                last = self._comes(name, last, found)
        return last

    @staticmethod
    def _comes(name: str, last: str, found: list[str]) -> str:
        if last:
            found.append(f"{name} twice" if last == name else f"{last}, then {name}")
        return name


def _either(ends: Sequence[str | None]) -> str | None:
    """Of several ways to the same place: what may last without a point."""
    there = [end for end in ends if end is not LEFT]
    return next(filter(None, there), "") if there else LEFT

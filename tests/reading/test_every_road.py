"""Whatever is read for a tenant begins at that tenant, and nobody reads past this room."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

AIJOBS = Path(settings.BASE_DIR) / "aijobs"
# Staff see all tenants, and a forecast is made of batches, which tenants share.
OF_ALL_TENANTS = {"staff.py", "forecast.py"}
# `states` is for those who wait, each for what its own tenant was shown. The others are parts of a
# query whose rows are a tenant's.
BEGIN_ELSEWHERE = {"states", "first_words", "_earlier", "last_unread"}
# Rows that api and web show, which they get from the room.
SHOWN = {
    "AIJob", "Collection", "JobAttempt", "JobDocument", "JobInput", "JobOutput", "LedgerEntry",
    "StatusCounter", "UsageRollup",
}  # fmt: skip


def asks(node: ast.AST) -> Iterator[str]:
    """The models whose rows are asked for, as in `AIJob.objects`."""
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and one.attr in {"objects", "_default_manager"}:
            yield ast.unparse(one.value)


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for one in ast.walk(ast.parse(path.read_text())):
        if isinstance(one, ast.FunctionDef):
            yield one


@pytest.mark.parametrize(
    "path",
    [one for one in (AIJOBS / "reading").glob("*.py") if one.name not in OF_ALL_TENANTS],
    ids=lambda path: path.name,
)
def test_who_asks_the_database_takes_the_tenant_first_and_uses_it(path: Path) -> None:
    for function in functions(path):
        names = [argument.arg for argument in function.args.args]
        if function.name in BEGIN_ELSEWHERE:
            continue
        # A list begins at a tenant itself, and its methods at the list.
        if list(asks(function)):
            assert names[:1] in (["tenant"], ["self"], ["listed"]), function.name
        if "tenant" in names:
            used = [one for one in ast.walk(function) if isinstance(one, ast.Name)]
            assert names[0] == "tenant", function.name
            assert "tenant" in {one.id for one in used if isinstance(one.ctx, ast.Load)}


@pytest.mark.parametrize("room", ["api", "web"])
def test_pages_and_endpoints_ask_for_no_such_rows_themselves(room: str) -> None:
    for path in (AIJOBS / room).glob("*.py"):
        assert not SHOWN & set(asks(ast.parse(path.read_text()))), path.name

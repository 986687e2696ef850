"""What the body of a collection asks for: its fields, and the rows of a list, a table or a ZIP."""

from typing import Any, BinaryIO, cast

from aijobs import jobtypes
from aijobs.api import bodies
from aijobs.api.bodies import Body
from aijobs.documents import AUTO, Items, UnmappedTable, UnreadableTable, read_items
from aijobs.documents.archives import is_archive
from aijobs.jobtypes import InvalidInput

FIELDS = {"name", "job_type", "defaults", "on_error", "needed_within", "trial", "fresh"}
# Fields of a form that hold JSON.
JSON_FIELDS = ("defaults", "columns")

NO_ITEMS = Items(iter(()), ())


def read(body: Body) -> tuple[dict[str, Any], Items]:
    """What `accept.accept_collection` is to be called with, and the rows. Raises InvalidInput."""
    fields = dict(body.fields)
    errors: dict[str, list[str]] = {}
    found = NO_ITEMS
    offered = [kind.name for kind in jobtypes.offered()]
    if fields.get("job_type") not in offered:
        errors["job_type"] = [f"Must be one of {', '.join(offered)}."]
    if "trial" in fields:
        fields["trial"] = _whole(fields["trial"])
    if body.is_form:
        found = _items_of_form(body, fields, errors)
    else:
        items = fields.pop("items", None)
        if isinstance(items, list):
            found = Items(enumerate(items, 1), ())
        else:
            errors["items"] = ["Must be a list of objects."]
    if not isinstance(fields.get("defaults", {}), dict):
        errors["defaults"] = ["Must be an object."]
    for name in sorted(fields.keys() - FIELDS):
        errors[name[:100]] = ["There is no such field."]
    if errors:
        raise InvalidInput(errors)
    return fields, found


def _whole(value: object) -> object:
    """The number, where it is a whole one: JSON has 5.0 for 5, and a form has it as text."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return int(value[:6]) if isinstance(value, str) and value.isdecimal() else value


def _items_of_form(body: Body, fields: dict[str, Any], errors: dict[str, list[str]]) -> Items:
    """Rows of the uploaded table, or files of the ZIP. Takes what is about it out of `fields`."""
    for name in JSON_FIELDS:
        if name in fields:
            try:
                fields[name] = bodies.json_field(fields[name], name)
            except InvalidInput as error:
                errors |= error.errors
    is_said, how = bodies.says_how_to_read(fields), AUTO
    try:
        how = bodies.how_to_read(fields)
    except InvalidInput as error:
        errors |= error.errors
    sheet, columns = fields.pop("sheet", None), fields.pop("columns", None)
    if isinstance(columns, dict) and not all(isinstance(one, str) for one in columns.values()):
        errors["columns"] = ["Must be an object of texts: the header for each field."]
    if sheet is not None and not isinstance(sheet, str):
        errors["sheet"] = ["Must be text."]
    files = [file for several in body.files.values() for file in several]
    if len(files) != 1:
        errors["file"] = ["Send one file: a table or a ZIP of documents."]
    if errors:
        return NO_ITEMS
    (file,) = files
    if is_said and not is_archive(cast(BinaryIO, file)):
        errors |= {name: ["Only of a ZIP of documents."] for name in is_said}
        return NO_ITEMS
    try:
        return read_items(
            cast(BinaryIO, file),
            file.name or "",
            jobtypes.get(fields["job_type"]),
            sheet=sheet or None,
            columns=columns,
            how=how,
        )
    except UnmappedTable as error:
        errors["columns" if columns else "file"] = [str(error)]
    except UnreadableTable as error:
        errors["file"] = [str(error)]
    return NO_ITEMS

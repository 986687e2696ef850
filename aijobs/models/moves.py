"""The one way in which a status changes."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.db.models.expressions import Combinable


class Movable(models.Model):
    """A row whose status changes only by moves: each one conditional UPDATE.

    Public methods called `mark_…` name the moves.
    """

    MOVED_FIELD: ClassVar[str] = "status"

    class Meta:
        abstract = True

    def _move(
        self, old: Iterable[str], new: str, where: models.Q | None = None, /, **fields: Any
    ) -> bool:
        """Set `new` and the fields where the status is one of `old`; whether that moved the row.

        `where`: what else must be so.
        """
        rows: models.QuerySet[Any] = type(self)._default_manager.filter(pk=self.pk)
        changes = {self.MOVED_FIELD: new} | fields
        moved = rows.filter(where or models.Q(), **{f"{self.MOVED_FIELD}__in": old}).update(
            **changes
        )
        if moved:
            computed = [name for name, value in changes.items() if isinstance(value, Combinable)]
            for name, value in changes.items():
                setattr(self, name, value)
            if computed:  # PostgreSQL knows what came of them.
                self.refresh_from_db(fields=computed)
        return bool(moved)

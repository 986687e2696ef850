"""The one way in which a status changes."""

from collections.abc import Iterable
from typing import Any

from django.db import models


class Movable(models.Model):
    """A row whose status changes only by moves: each one conditional UPDATE.

    Public methods called `mark_…` name the moves.
    """

    status: str

    class Meta:
        abstract = True

    def _move(
        self, old: Iterable[str], new: str, where: models.Q | None = None, /, **fields: Any
    ) -> bool:
        """Set `new` and the fields where the status is one of `old`; whether that moved the row.

        `where`: what else must be so.
        """
        rows = self._row().filter(where or models.Q(), status__in=old)
        moved = rows.update(status=new, **fields)
        if moved:
            self.status = new
            for name, value in fields.items():
                setattr(self, name, value)
        return bool(moved)

    def _row(self) -> models.QuerySet[Any]:
        """What a move changes: this row, if it still is what was read."""
        rows: models.QuerySet[Any] = type(self)._default_manager.filter(pk=self.pk)
        return rows

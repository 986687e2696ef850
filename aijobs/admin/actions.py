"""What staff start by hand: asked about where it costs, and told how it went."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from aijobs.admin.reading import AnyModelAdmin

RESENT = "Each job is sent to Anthropic again, and what it uses is charged again."
# Below Django's limit of 1,000 fields in a form.
MOST_AT_ONCE = 500
MOST_NAMED = 20


def confirmation(
    model_admin: AnyModelAdmin,
    request: HttpRequest,
    queryset: QuerySet[Any],
    *,
    title: str,
    warning: str,
) -> TemplateResponse | None:
    """The page that asks for it; None once the person has said yes."""
    if "confirmed" in request.POST:
        return None
    selected = list(queryset[:MOST_AT_ONCE])
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "warning": warning,
        "opts": model_admin.opts,
        "action": request.POST["action"],
        "checkbox": ACTION_CHECKBOX_NAME,
        "selected": selected,
        "named": selected[:MOST_NAMED],
        "unnamed": max(0, len(selected) - MOST_NAMED),
    }
    return TemplateResponse(request, "admin/aijobs/confirmation.html", context)


class ActionReport:
    """What an action did: the rows it moved, and why it left the others."""

    def __init__(self, request: HttpRequest, done: str) -> None:
        self._request = request
        self._done = done
        self._moved: list[Model] = []
        self._left: Counter[str] = Counter()

    def moved(self, row: Model) -> None:
        """Count a row that the action moved."""
        self._moved.append(row)

    def left(self, reason: str) -> None:
        """Count a row that stayed as it was, and why: a sentence."""
        self._left[reason] += 1

    def tell(self) -> None:
        """Say it to the person, and write it into the log of the rows."""
        if self._moved:
            actor: Any = self._request.user
            LogEntry.objects.log_actions(actor.pk, self._moved, CHANGE, change_message=self._done)
            messages.success(self._request, f"{self._done}: {len(self._moved)}.")
        for reason, count in self._left.most_common():
            messages.warning(self._request, f"Left as they were: {count}. {reason}")


def bounded(request: HttpRequest, queryset: QuerySet[Any]) -> Iterator[Any]:
    """The selected rows, up to a limit; says so when there are more."""
    rows = list(queryset[: MOST_AT_ONCE + 1])
    if len(rows) > MOST_AT_ONCE:
        messages.warning(
            request, f"Only the first {MOST_AT_ONCE:,} were looked at: run it again for the rest."
        )
    yield from rows[:MOST_AT_ONCE]

"""What staff start by hand: asked about where it costs, and told how it went."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from aijobs.admin.reading import CONFIRMATION, AnyModelAdmin
from aijobs.models import Batch
from citizenapp.tenants import audit
from citizenapp.tenants.audit import Action

RESENT = "Each job is sent to Anthropic again, and what it uses is charged again."
# Below Django's limit of 1,000 fields in a form.
MOST_AT_ONCE = 500


def confirmation(
    model_admin: AnyModelAdmin,
    request: HttpRequest,
    queryset: QuerySet[Any],
    *,
    title: str,
    warning: str,
) -> HttpResponse | None:
    """Leads to the page that asks for it; None once the person has said yes.

    What was selected waits in the session, since 500 ids are too long for an address.
    """
    if "confirmed" in request.POST:
        return None
    request.session[CONFIRMATION] = {
        "model": model_admin.opts.label,
        "action": request.POST["action"],
        "list": request.get_full_path(),
        "title": title,
        "warning": warning,
        "selected": [str(pk) for pk in queryset.values_list("pk", flat=True)[:MOST_AT_ONCE]],
    }
    return redirect(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_confirm")


class ActionReport:
    """What an action did: the rows it moved, and why it left the others.

    `action` is what the audits of the tenants call it whose rows they are.
    """

    def __init__(self, request: HttpRequest, done: str, action: Action | None = None) -> None:
        self._request = request
        self._done = done
        self._action = action
        self._moved: list[Model] = []
        self._left: Counter[str] = Counter()

    def moved(self, row: Model) -> None:
        """Count a row that the action moved."""
        self._moved.append(row)

    def left(self, reason: str) -> None:
        """Count a row that stayed as it was, and why: a sentence."""
        self._left[reason] += 1

    def tell(self) -> None:
        """Say it to the person, and write it into the log of the rows and into the audits."""
        if self._moved:
            self._record()
            actor: Any = self._request.user
            LogEntry.objects.log_actions(actor.pk, self._moved, CHANGE, change_message=self._done)
            messages.success(self._request, f"{self._done}: {len(self._moved)}.")
        for reason, count in self._left.most_common():
            messages.warning(self._request, f"Left as they were: {count}. {reason}")

    def _record(self) -> None:
        """A line for each tenant, not for each row."""
        if self._action is None:
            return
        rows: dict[int, list[Model]] = {}
        for row in self._moved:
            # Tenants share batches.
            of = row.tenant_ids if isinstance(row, Batch) else [getattr(row, "tenant_id")]  # noqa: B009
            for tenant_id in of:
                rows.setdefault(tenant_id, []).append(row)
        for tenant_id, of_tenant in rows.items():
            kind = of_tenant[0]._meta.verbose_name
            one = f"{kind} {of_tenant[0].pk}" if len(of_tenant) == 1 else ""
            told = {"how many": f"{len(of_tenant)} ({kind})", "what": self._done}
            audit.of_staff(self._request, tenant_id, self._action, subject=one, details=told)


def bounded(request: HttpRequest, queryset: QuerySet[Any]) -> Iterator[Any]:
    """The selected rows, up to a limit; says so when there are more."""
    rows = list(queryset[: MOST_AT_ONCE + 1])
    if len(rows) > MOST_AT_ONCE:
        messages.warning(
            request, f"Only the first {MOST_AT_ONCE:,} were looked at: run it again for the rest."
        )
    yield from rows[:MOST_AT_ONCE]

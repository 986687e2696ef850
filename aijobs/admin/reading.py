"""How staff read tables of ten million rows: newest first, and never counted to the end."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from aijobs.jobtypes.text import utf8
from aijobs.reading.pages import first_id_of
from aijobs.templatetags.dollars import LEDGER_PLACES, written

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
    AnyPaginator = Paginator[Any]
else:
    AnyModelAdmin = admin.ModelAdmin  # not subscriptable at run time
    AnyPaginator = Paginator

MOST_LISTED = 1_000
MOST_NAMED = 20
CONFIRMATION = "confirmation"  # what an action waits to be confirmed for, in the session
MOST_CHARACTERS = 50_000


class ShortCount(AnyPaginator):
    """Counts up to a limit; rows beyond it are found by search and filters."""

    @cached_property
    def count(self) -> int:
        """At most MOST_LISTED."""
        rows: QuerySet[Model] = self.object_list  # type: ignore[assignment]
        return rows[:MOST_LISTED].count()


class ReadOnlyAdmin(AnyModelAdmin):
    """A table that only the pipeline writes. Ordered by its key, which has an index."""

    actions_selection_counter = True
    empty_value_display = "–"
    list_max_show_all = 0
    list_per_page = 50
    ordering = ("-pk",)
    paginator = ShortCount
    search_fields = ("pk",)  # Shows the field; each admin says below what it finds.
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    sortable_by = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never: only the pipeline adds rows."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: a hand edit would break what the pipeline relies on."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never: sweep deletes what is old."""
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whether the person may start actions: Django's own "can change" of the model."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def applies(self, action: str, row: Any) -> bool:
        """Whether an action can do something for a row. It may change; the action looks again."""
        return True

    def get_urls(self) -> list[URLPattern]:
        """Those of every admin, and the page that asks before an action."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_confirm"
        confirm = self.admin_site.admin_view(self.confirm_view)
        return [path("confirm/", confirm, name=name), *super().get_urls()]

    def confirm_view(self, request: HttpRequest) -> HttpResponse:
        """The page that asks whether to start an action. Looking at it starts nothing."""
        asked = request.session.get(CONFIRMATION, {})
        if asked.get("model") != self.opts.label or not self.has_view_permission(request):
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        selected = list(self.get_queryset(request).filter(pk__in=asked["selected"]))
        context = {
            **self.admin_site.each_context(request),
            **asked,
            "opts": self.opts,
            "checkbox": ACTION_CHECKBOX_NAME,
            "selected": selected,
            "named": selected[:MOST_NAMED],
            "unnamed": max(0, len(selected) - MOST_NAMED),
        }
        return TemplateResponse(request, "admin/aijobs/confirmation.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of a row, with a button for each action of the list that applies to it."""
        row = self.get_object(request, unquote(object_id))
        actions = [
            action[1:]
            for action in self.get_actions(request).values()
            if action and row and self.applies(action[1], row)
        ]
        context = {"row_actions": actions, "checkbox": ACTION_CHECKBOX_NAME}
        return super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def found(self, rows: QuerySet[Any], term: str) -> QuerySet[Any]:
        """The rows that a search finds, by indexes only."""
        raise NotImplementedError

    def get_search_results(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """What `found` finds, or all rows without a term; no row comes twice."""
        term = search_term.strip()
        return (self.found(queryset, term) if term else queryset), False


class CreatedFilter(admin.SimpleListFilter):
    """By age, over ids that sort by time: no other index is needed."""

    title = "created"
    parameter_name = "within"
    SPANS: ClassVar = {
        "1": "Past hour",
        "24": "Past day",
        "168": "Past 7 days",
        "720": "Past 30 days",
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        """Hours and what people call them."""
        return self.SPANS.items()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Rows with an id made in the past so many hours."""
        if (span := self.value()) not in self.SPANS:
            return queryset
        since = timezone.now() - timedelta(hours=int(span))
        return queryset.filter(pk__gte=first_id_of(since))


def link(to: Model | None, text: str = "") -> SafeString | str:
    """A link to the page of a row, called by its own name if not by `text`."""
    if to is None:
        return "–"
    return format_html('<a href="{}">{}</a>', address(to), text or to)


def address(of: Model) -> str:
    """The path of the page of a row."""
    return reverse(f"admin:{of._meta.app_label}_{of._meta.model_name}_change", args=[of.pk])


def listing(model: type[Model], text: str, **filters: object) -> SafeString:
    """A link to the rows of a model that the filters let through."""
    base = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return format_html(
        '<a href="{}?{}">{}</a>', base, "&".join(f"{k}={v}" for k, v in filters.items()), text
    )


def verbatim(text: str) -> SafeString:
    """Text of a document as it is, markup and all; the beginning of a long one."""
    shown = utf8(text[:MOST_CHARACTERS])
    rest = len(text) - MOST_CHARACTERS
    return format_html(
        '<pre class="verbatim">{}</pre>{}',
        shown,
        f"… and {rest:,} characters more." if rest > 0 else "",
    )


def structure(value: object) -> SafeString:
    """JSON, laid out for reading."""
    return verbatim(json.dumps(value, ensure_ascii=False, indent=2))


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> SafeString | str:
    """A small table; a dash where it would have no rows."""
    lines = [(_cells("td", row),) for row in rows]
    if not lines:
        return "–"
    return format_html(
        '<table class="inner"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        _cells("th", heads),
        format_html_join("", "<tr>{}</tr>", lines),
    )


def _cells(tag: str, values: Iterable[object]) -> SafeString:
    return format_html_join("", "<{0}>{1}</{0}>", ((tag, value) for value in values))


def status_badge(status: str) -> SafeString:
    """A status as HTML."""
    return format_html('<span class="status status-{}">{}</span>', status, status)


def dollars(amount: Decimal | None) -> str:
    """USD to the last place that the ledger keeps, so that sums add up; a dash for None."""
    return "–" if amount is None else written(amount, LEDGER_PLACES)


def moment(at: datetime | None) -> str:
    """To the second in UTC; a dash for None."""
    return "–" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def timeline(row: Model, *fields: str) -> SafeString | str:
    """The moments that a row has passed, in their order, and the time between them."""
    passed = sorted((at, field) for field in fields if (at := getattr(row, field)) is not None)
    gaps = ["", *(f"{(b - a).total_seconds():,.1f}" for (a, _), (b, _) in pairwise(passed))]
    rows = zip(passed, gaps, strict=False)
    return table(
        ("", "When", "Seconds later"),
        ((field.removesuffix("_at"), moment(at), gap) for (at, field), gap in rows),
    )

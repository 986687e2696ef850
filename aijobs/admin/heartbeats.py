"""The processes that run, as staff see them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.utils import timezone

from aijobs.admin.reading import ReadOnlyAdmin
from aijobs.models import Heartbeat


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    """One row a process; one that ended as it should has none."""

    list_display = ("name", "host", "pid", "started_at", "beat_at", "is_alive", "note")
    list_filter = ("name",)
    search_help_text = "Host."
    fields = list_display

    def found(self, rows: QuerySet[Heartbeat], term: str) -> QuerySet[Heartbeat]:
        """By host."""
        return rows.filter(host=term)

    @admin.display(boolean=True, description="alive")
    def is_alive(self, heartbeat: Heartbeat) -> bool:
        """Whether it signed lately."""
        return heartbeat.is_alive(timezone.now())

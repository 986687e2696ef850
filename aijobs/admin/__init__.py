"""What staff see and may do. Rows that a hand edit would break can be read, not written."""

from importlib import import_module

from django.apps import apps
from django.contrib import admin

from aijobs.admin import (
    batches,
    breaker,
    heartbeats,
    jobs,
    ledger,
    reconciliations,
    spending,
    submissions,
    webhooks,
)

__all__ = [
    "batches",
    "breaker",
    "heartbeats",
    "jobs",
    "ledger",
    "reconciliations",
    "spending",
    "submissions",
    "webhooks",
]

admin.site.site_header = "CitizenApp"
admin.site.site_title = "CitizenApp admin"
admin.site.index_title = "Overview"
# Beside it, the last columns of jobs and of the ledger would be out of sight on most screens.
admin.site.enable_nav_sidebar = False

# One broken schedule blocks all of django-q2's, and a task may be any call: neither is for staff.
# The key library's own model has no tenant; ours replaces it. Both register at their import.
for label in ("django_q", "rest_framework_api_key"):
    app = apps.get_app_config(label)
    import_module(f"{app.name}.admin")
    for model in app.get_models():
        if admin.site.is_registered(model):
            admin.site.unregister(model)

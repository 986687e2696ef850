"""The addresses of the pages."""

from django.urls import path

from aijobs.web import (
    budgets,
    collections,
    deadlines,
    entrance,
    jobs,
    long_prompts,
    people,
    repeats,
    samples,
    usage,
    whatif,
)

urlpatterns = [
    path("", jobs.dashboard, name="dashboard"),
    path("sign-in", entrance.sign_in, name="sign-in"),
    path("sign-out", entrance.sign_out, name="sign-out"),
    path("switch", entrance.switch, name="switch"),
    path("jobs/new", jobs.new, name="new-job"),
    path("jobs/price", jobs.price, name="job-price"),
    path("jobs/<uuid:job_id>", jobs.detail, name="job"),
    path("jobs/<uuid:job_id>/cancel", jobs.cancel_job, name="cancel-job"),
    path("jobs/<uuid:job_id>/retry", jobs.retry_job, name="retry-job"),
    path("jobs/<uuid:job_id>/result", jobs.download, name="job-result"),
    path("collections/", collections.overview, name="collections"),
    path("collections/new", collections.new, name="new-collection"),
    path("collections/preview", collections.preview, name="preview-collection"),
    path("collections/template/<str:job_type>.csv", collections.template, name="table-template"),
    path("collections/<uuid:collection_id>", collections.detail, name="collection"),
    path(
        "collections/<uuid:collection_id>/cancel",
        collections.cancel_collection,
        name="cancel-collection",
    ),
    path(
        "collections/<uuid:collection_id>/continue",
        collections.continue_collection,
        name="continue-collection",
    ),
    path(
        "collections/<uuid:collection_id>/retry",
        collections.retry_collection,
        name="retry-collection",
    ),
    path("samples/<str:sample>", samples.sample, name="sample"),
    path("usage", usage.overview, name="usage"),
    path("usage/whatif", whatif.compare, name="whatif"),
    path("settings/people", people.members, name="members"),
    path("settings/budget", budgets.budget, name="budget"),
    path("settings/budget/notice", budgets.put_away, name="put-away-notice"),
    path("settings/deadlines", deadlines.deadlines, name="deadlines"),
    path("settings/long-prompts", long_prompts.long_prompts, name="long-prompts"),
    path("settings/repeats", repeats.repeats, name="repeats"),
    path("settings/keys", people.keys, name="keys"),
    path("settings/keys/<str:key_id>/revoke", people.revoke, name="revoke-key"),
]

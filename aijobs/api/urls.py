"""The addresses under /api/. A job type brings its own."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from aijobs import jobtypes
from aijobs.api import (
    collection_events,
    collections,
    confirmations,
    documents,
    everything,
    jobs,
    manual_pages,
    operations,
    streams,
    usage,
    webhooks,
)
from aijobs.api.job_queues import queue_of

# Without OPTIONS, as everywhere.
READ = ["get", "head"]

urlpatterns = [
    *(
        path(f"ai/{kind.name}", queue_of(kind).as_view(), name=f"api-{kind.name}")
        for kind in jobtypes.offered()
    ),
    path("ai/jobs", jobs.JobList.as_view(), name="api-jobs"),
    path("ai/jobs/retry", operations.JobRetries.as_view(), name="api-jobs-retry"),
    path("ai/jobs/cancel", operations.JobCancellations.as_view(), name="api-jobs-cancel"),
    path("ai/jobs/tag", operations.JobTags.as_view(), name="api-jobs-tag"),
    path("ai/jobs/untag", operations.JobUntags.as_view(), name="api-jobs-untag"),
    path("ai/operations", operations.OperationList.as_view(), name="api-operations"),
    path(
        "ai/operations/<uuid:operation_id>",
        operations.OperationDetail.as_view(),
        name="api-operation",
    ),
    path("ai/jobs/<uuid:job_id>", jobs.JobDetail.as_view(), name="api-job"),
    path("ai/jobs/<uuid:job_id>/stream", streams.JobStream.as_view(), name="api-job-stream"),
    path(
        "ai/jobs/<uuid:job_id>/document",
        documents.JobDocument.as_view(),
        name="api-job-document",
    ),
    path("ai/jobs/<uuid:job_id>/cancel", jobs.JobCancellation.as_view(), name="api-job-cancel"),
    path("ai/jobs/<uuid:job_id>/retry", jobs.JobRetry.as_view(), name="api-job-retry"),
    path("ai/collections", collections.CollectionList.as_view(), name="api-collections"),
    path(
        "ai/collections/<uuid:collection_id>",
        collections.CollectionDetail.as_view(),
        name="api-collection",
    ),
    path(
        "ai/collections/<uuid:collection_id>/events",
        collection_events.CollectionEvents.as_view(),
        name="api-collection-events",
    ),
    path(
        "ai/collections/<uuid:collection_id>/results",
        collections.CollectionResults.as_view(),
        name="api-collection-results",
    ),
    path(
        "ai/collections/<uuid:collection_id>/cancel",
        collections.CollectionCancellation.as_view(),
        name="api-collection-cancel",
    ),
    path(
        "ai/collections/<uuid:collection_id>/continue",
        collections.CollectionContinuation.as_view(),
        name="api-collection-continue",
    ),
    path(
        "ai/collections/<uuid:collection_id>/retry",
        collections.CollectionRetry.as_view(),
        name="api-collection-retry",
    ),
    path("ai/quotes/<uuid:quote_id>", confirmations.QuoteDetail.as_view(), name="api-quote"),
    path(
        "ai/quotes/<uuid:quote_id>/confirm",
        confirmations.QuoteConfirmation.as_view(),
        name="api-quote-confirm",
    ),
    path("ai/export", everything.Export.as_view(), name="api-export"),
    path("ai/usage", usage.UsageReport.as_view(), name="api-usage"),
    path("ai/webhooks", webhooks.WebhookList.as_view(), name="api-webhooks"),
    path("ai/webhooks/<uuid:webhook_id>", webhooks.WebhookDetail.as_view(), name="api-webhook"),
    path(
        "ai/webhooks/<uuid:webhook_id>/test",
        webhooks.WebhookTest.as_view(),
        name="api-webhook-test",
    ),
    path(
        "ai/webhooks/<uuid:webhook_id>/rotate",
        webhooks.WebhookRotation.as_view(),
        name="api-webhook-rotate",
    ),
    path(
        "ai/webhooks/<uuid:webhook_id>/replay",
        webhooks.WebhookReplay.as_view(),
        name="api-webhook-replay",
    ),
    path(
        "ai/webhooks/<uuid:webhook_id>/deliveries",
        webhooks.DeliveryList.as_view(),
        name="api-webhook-deliveries",
    ),
    path(
        "ai/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>",
        webhooks.DeliveryDetail.as_view(),
        name="api-webhook-delivery",
    ),
    path(
        "ai/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay",
        webhooks.DeliveryReplay.as_view(),
        name="api-webhook-delivery-replay",
    ),
    path("schema", SpectacularAPIView.as_view(http_method_names=READ), name="api-schema"),
    path("docs", manual_pages.overview, name="api-docs"),
    path("docs/guides/<slug:guide_name>", manual_pages.guide_page, name="api-guide"),
    path("docs/<slug:subject>", manual_pages.subject, name="api-subject"),
]

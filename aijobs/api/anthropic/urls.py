"""The addresses under /v1/."""

from django.urls import path

from aijobs.api.anthropic import batches

urlpatterns = [
    path("messages/batches", batches.BatchList.as_view(), name="message-batches"),
    path("messages/batches/<str:batch_id>", batches.BatchDetail.as_view(), name="message-batch"),
    path(
        "messages/batches/<str:batch_id>/results",
        batches.BatchResults.as_view(),
        name="message-batch-results",
    ),
    path(
        "messages/batches/<str:batch_id>/cancel",
        batches.BatchCancellation.as_view(),
        name="message-batch-cancel",
    ),
]

"""The addresses of WebSockets."""

from django.urls import path, re_path

from aijobs.live.consumers import JobsConsumer, UnknownAddress

websocket_urlpatterns = [
    path("ws/jobs/", JobsConsumer.as_asgi()),
    re_path("", UnknownAddress.as_asgi()),
]

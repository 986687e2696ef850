"""HTTP and WebSocket over ASGI, for daphne."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "citizenapp.settings")
http = get_asgi_application()  # Django must be set up before consumers are imported.

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from aijobs.live.routing import websocket_urlpatterns  # noqa: E402
from aijobs.live.waiting import Waiting  # noqa: E402

application = ProtocolTypeRouter(
    {"http": Waiting(http), "websocket": URLRouter(websocket_urlpatterns)}
)

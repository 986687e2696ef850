"""The addresses of WebSockets."""

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, WebSocketScope

from aijobs.live.consumers import JobsConsumer

CONSUMERS = {"/ws/jobs/": JobsConsumer()}


async def websocket(
    scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """The ASGI application for every WebSocket; unknown addresses are refused."""
    consumer = CONSUMERS.get(scope["path"])
    if consumer is not None:
        await consumer(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.close", "code": 1000, "reason": None})

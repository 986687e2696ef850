"""Downloads that are made while they are sent."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse


def streamed(
    request: HttpRequest, chunks: Iterator[bytes], media_type: str, name: str
) -> StreamingHttpResponse:
    """A download of this name, made while it is sent: `chunks` may ask the database."""
    return StreamingHttpResponse(
        # Under ASGI Django would gather what a plain iterator yields before sending any of it.
        _from_threads(chunks) if isinstance(request, ASGIRequest) else chunks,
        content_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _from_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    following = sync_to_async(lambda: next(chunks, None))
    while (chunk := await following()) is not None:
        yield chunk

"""Pages, JSON and downloads are compressed on their way out.

BREACH reads a secret from the size of compressed pages that show it beside a text of the
attacker's. The secret of our pages is the CSRF token: Django masks it anew in each response, and
adds up to 100 random bytes to what it compresses by gzip. Brotli, which packs better, has no place
for such bytes: it is for programs with an API key, whom no foreign page can make ask.
"""

import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import cast

import brotli
from asgiref.sync import sync_to_async
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponse, HttpResponseBase
from django.middleware import gzip
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_header_parameters

# What is shorter grows.
SHORTEST = 200
QUALITY = 5  # of brotli, from 0 to 11: twice as quick as gzip, and a little smaller
WINDOW = 18  # 2**18 bytes, so that a download takes no more memory than that
# Streamed. A workbook is packed already, and events must not be held back.
TEXTS = {"application/x-ndjson", "text/csv"}


class CompressionMiddleware(gzip.GZipMiddleware):
    """Django's for whole responses by gzip; brotli, and downloads, beside it.

    Under ASGI, Django compresses each chunk of a streamed response as a gzip file of its own, and
    Chromium reads the first of them only.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress the response if it is long enough, and as the client takes it."""
        by_brotli = "HTTP_AUTHORIZATION" in request.META and _takes(request, "br")
        if isinstance(response, StreamingHttpResponse):
            media_type = response.headers.get("Content-Type", "").partition(";")[0]
            if media_type in TEXTS and not response.has_header("Content-Encoding"):
                patch_vary_headers(response, ("Accept-Encoding",))
                if by_brotli or _takes(request, "gzip"):
                    _pack(response, "br" if by_brotli else "gzip")
            return response
        assert isinstance(response, HttpResponse)
        is_packed = response.has_header("Content-Encoding")
        if not by_brotli or is_packed or len(response.content) < SHORTEST:
            return super().process_response(request, response)
        patch_vary_headers(response, ("Accept-Encoding",))
        response.content = brotli.compress(response.content, quality=QUALITY)
        response.headers["Content-Length"] = str(len(response.content))
        response.headers["Content-Encoding"] = "br"
        return response


def _takes(request: HttpRequest, coding: str) -> bool:
    """Whether the client's Accept-Encoding names it, and not as `q=0`."""
    for item in request.META.get("HTTP_ACCEPT_ENCODING", "").split(","):
        name, parameters = parse_header_parameters(item)
        if name == coding:
            return parameters.get("q", "1").strip("0.") != ""
    return False


def _pack(response: StreamingHttpResponse, coding: str) -> None:
    pack, finish = _packers(coding)
    if response.is_async:
        response.streaming_content = _packed_async(
            cast(AsyncIterator[bytes], response.streaming_content), pack, finish
        )
    else:
        response.streaming_content = _packed(
            cast(Iterator[bytes], response.streaming_content), pack, finish
        )
    del response.headers["Content-Length"]
    response.headers["Content-Encoding"] = coding


def _packers(coding: str) -> tuple[Callable[[bytes], bytes], Callable[[], bytes]]:
    """What packs the next piece of a download, and what ends it."""
    if coding == "br":
        by_brotli = brotli.Compressor(quality=QUALITY, lgwin=WINDOW)
        return by_brotli.process, by_brotli.finish
    by_gzip = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    return by_gzip.compress, by_gzip.flush


def _packed(
    pieces: Iterator[bytes], pack: Callable[[bytes], bytes], finish: Callable[[], bytes]
) -> Iterator[bytes]:
    for piece in pieces:
        if packed := pack(piece):
            yield packed
    yield finish()


async def _packed_async(
    pieces: AsyncIterator[bytes], pack: Callable[[bytes], bytes], finish: Callable[[], bytes]
) -> AsyncIterator[bytes]:
    # In a thread, since it would hold up all others.
    packing = sync_to_async(pack)
    async for piece in pieces:
        if packed := await packing(piece):
            yield packed
    yield finish()

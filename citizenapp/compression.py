"""Pages and JSON are compressed on their way out."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware import gzip


class GZipMiddleware(gzip.GZipMiddleware):
    """Django's, for whole responses only.

    BREACH reads a secret from the size of compressed pages that show it beside a text of the
    attacker's. The secret of our pages is the CSRF token: Django masks it anew in each response,
    and the middleware adds up to 100 random bytes.

    A streamed download goes out as it is. Under ASGI, Django compresses each chunk of it as a gzip
    file of its own, and Chromium reads the first of them only.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress the response if it is whole, long enough, and the client takes gzip."""
        return response if response.streaming else super().process_response(request, response)

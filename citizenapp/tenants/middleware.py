"""What every request gets: the access of the signed-in person, and a strict content policy."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from citizenapp.tenants import reader as readers
from citizenapp.tenants.access import of_user
from citizenapp.tenants.remembering import remembering

Next = Callable[[HttpRequest], HttpResponse]

# Pages run only our own script files: markup in a document can start nothing, even if it were
# ever rendered. Images come from us or from data: URLs, so no document can call home.
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def content_security_policy(get_response: Next) -> Next:
    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return respond


def access(get_response: Next) -> Next:
    """Set `request.access`: an Access, or None for strangers; looked up when first asked for."""

    def respond(request: HttpRequest) -> HttpResponse:
        request.access = SimpleLazyObject(lambda: of_user(request.user, request.session))  # type: ignore[attr-defined]
        return get_response(request)

    return respond


# Machines read the same everywhere, and staff read what operators write to each other.
_FOR_MACHINES = ("/api/ai/", "/api/schema", "/v1/", "/admin/")


def reader(get_response: Next) -> Next:
    """What pages write, they write as the reader is used to."""

    def respond(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_FOR_MACHINES):
            return get_response(request)
        with readers.reading(lambda: readers.of_request(request)):
            return get_response(request)

    return respond


def once_a_page(get_response: Next) -> Next:
    """Whatever a page asks the database twice, it asks once. What changes something asks anew."""

    def respond(request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or request.path.startswith(_FOR_MACHINES):
            return get_response(request)
        with remembering():
            return get_response(request)

    return respond

"""Forms of allauth's, with the status that refused forms have here."""

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse


class Refusing:
    """A form that is refused says so in its status as well: 422."""

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        if response.status_code == HTTPStatus.OK:
            response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response

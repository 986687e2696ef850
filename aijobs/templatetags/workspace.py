"""In which workspace a form was made, beside the token that every form has.

A person may have one workspace open in this tab and change to another in that one. What is sent
then from this tab must not be done there.
"""

from typing import Any

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

FIELD = "workspace"


class _Tokens(CsrfTokenNode):
    def render(self, context: Context) -> str:
        html = super().render(context)
        request: Any = context.get("request")
        # Staff see all workspaces, and need be in none.
        if request is None or request.path.startswith(reverse("admin:index")):
            return html
        access = context.get("access")
        if not access:
            return html
        told = format_html('<input type="hidden" name="{}" value="{}">', FIELD, access.tenant.pk)
        return SafeString(f"{html}{told}")


@register.tag
def csrf_token(parser: Parser, token: Token) -> _Tokens:  # noqa: ARG001
    """Django's own, in whose place it stands, with the workspace behind it."""
    return _Tokens()

"""A token in a form, by which it is done once however often it is sent."""

from uuid import uuid4

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def once_token() -> SafeString:
    """A hidden field for a form whose view is guarded by `aijobs.web.once`."""
    return format_html('<input type="hidden" name="once" value="{}">', uuid4().hex)

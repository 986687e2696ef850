"""How sessions and e-mails are shown to people."""

import re

from django import template
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

# The first that fits: browsers also name those that they are like.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@register.filter
def browser(user_agent: str) -> str:
    """What people call the browser that sends this: “Firefox on Windows”."""
    name = next((name for part, name in _BROWSERS.items() if part in user_agent), "")
    system = next((name for part, name in _SYSTEMS.items() if part in user_agent), "")
    if name and system:
        return f"{name} on {system}"
    return name or system or "Another program"


@register.filter
def own_links(text: str, request: HttpRequest) -> SafeString:
    """The text of an e-mail, in which addresses of this site, and only those, lead there."""
    root = re.escape(f"{request.scheme}://{request.get_host()}/")
    parts = re.split(rf"({root}[^\s<>\"']*)", text)
    return format_html_join("", "{}", ((_part(number, part),) for number, part in enumerate(parts)))


def _part(number: int, part: str) -> str:
    is_link = number % 2 == 1
    return format_html('<a href="{}" rel="noreferrer">{}</a>', part, part) if is_link else part

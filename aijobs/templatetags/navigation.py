"""Where one can go from here: the pages of settings."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import reverse

from citizenapp.tenants.access import Access

register = template.Library()


@dataclass(frozen=True, slots=True)
class Room:
    """A page of settings: the name of its address, what people call it, its icon, and what it has.

    Only owners and admins may open it where it is for `administrators`.
    """

    page: str
    title: str
    icon: str
    about: str = ""
    administrators: bool = True


# Of the workspace: everybody in it shares them.
WORKSPACE = (
    Room("general", "General", "settings", "Its name, its time zone, how long jobs are kept"),
    Room("members", "Members", "people", "Who works here, and as what", administrators=False),
    Room("keys", "API keys", "key", "For your own software"),
    Room("webhooks", "Webhooks", "webhook", "Tell your own software when something is done"),
    Room("budget", "Budget", "money", "What a month may cost"),
    Room("defaults", "Defaults", "edit", "What forms begin with, and sets of categories"),
    Room("deadlines", "Deadlines", "queued", "When half the price is certain enough to be in time"),
    Room("repeats", "Repeats", "retry", "How long the answer to the same question counts"),
    Room("long-prompts", "Long prompts", "high", "What becomes of documents that cost more"),
    Room("audit", "Audit", "audit", "Who did what, and when"),
)
# Of the person who is signed in, whatever the workspace.
PERSON: tuple[Room, ...] = (
    Room("notices", "Notices", "bell", "Of what you are told, and how"),
    Room("dates", "Dates and numbers", "calendar", "How they are written for you"),
    Room("security", "Sign-in and security", "lock", "Password, e-mail address, second factor"),
    Room("sessions", "Sessions", "shield", "Where you are signed in"),
)


@dataclass(frozen=True, slots=True)
class ListedRoom:
    """A page of settings as it is listed beside each of them."""

    address: str
    title: str
    icon: str
    about: str
    is_here: bool


@register.simple_tag(takes_context=True)
def settings_rooms(context: dict[str, Any]) -> list[tuple[str, list[ListedRoom]]]:
    """The pages of settings that the person may open, by the heading they stand under."""
    request: HttpRequest = context["request"]
    found = _rooms(getattr(request, "access", None))
    return [(heading, [_listed(room, request.path) for room in rooms]) for heading, rooms in found]


def _rooms(access: Access | None) -> Iterator[tuple[str, tuple[Room, ...]]]:
    if access:
        may_all = access.can_administer
        yield "Workspace", tuple(one for one in WORKSPACE if may_all or not one.administrators)
    if PERSON:
        yield "You", PERSON


def _listed(room: Room, path: str) -> ListedRoom:
    address = reverse(room.page)
    is_here = path == address or path.startswith(f"{address}/")
    return ListedRoom(address, room.title, room.icon, room.about, is_here)

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
    """A page of settings: the name of its address, what people call it, and its icon.

    Only owners and admins may open it where it is for `administrators`.
    """

    page: str
    title: str
    icon: str
    administrators: bool = True


# Of the workspace: everybody in it shares them.
WORKSPACE = (
    Room("general", "General", "settings"),
    Room("members", "Members", "people", administrators=False),
    Room("keys", "API keys", "key"),
    Room("webhooks", "Webhooks", "webhook"),
    Room("budget", "Budget", "money"),
    Room("defaults", "Defaults", "edit"),
    Room("deadlines", "Deadlines", "queued"),
    Room("repeats", "Repeats", "retry"),
    Room("long-prompts", "Long prompts", "high"),
)
# Of the person who is signed in, whatever the workspace.
PERSON: tuple[Room, ...] = (Room("notices", "Notices", "bell", administrators=False),)


@dataclass(frozen=True, slots=True)
class ListedRoom:
    """A page of settings as it is listed beside each of them."""

    address: str
    title: str
    icon: str
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
    return ListedRoom(address, room.title, room.icon, is_here)

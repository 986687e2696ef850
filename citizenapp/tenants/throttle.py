"""How many wrong passwords are looked at: django-axes counts them, in three ways.

Whoever types a password comes through Django's `authenticate` and its signals, where django-axes
listens. The limits are in the settings; docs/decisions/0019-wrong-passwords.md says why they are as
they are.
"""

import ipaddress
import math
from datetime import timedelta
from typing import Any

from axes.backends import AxesStandaloneBackend
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_cool_off
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# A household or a company has at least a /64 of IPv6, and every address in it at will.
_IPV6_PREFIX = 64


class ThrottleBackend(AxesStandaloneBackend):
    """Lets nobody in, and keeps those out who have sent too many wrong passwords."""

    def authenticate(self, request: HttpRequest | None, *args: Any, **credentials: Any) -> None:
        """Raises PermissionDenied for them. Without a request nobody stands at a door."""
        if request is not None:
            try:
                super().authenticate(request, *args, **credentials)
            except PermissionDenied:
                # Nobody has looked at the password: the audit says nothing of it.
                request.is_kept_out = True  # type: ignore[attr-defined]
                raise


class ThrottleHandler(AxesDatabaseHandler):
    """django-axes' counting in PostgreSQL, with a limit of its own for each way of counting."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Wrong passwords by the way of counting that is nearest to its limit.

        django-axes knows one limit, that of the first way: the others are scaled to it.
        """
        scale: int = settings.AXES_FAILURE_LIMIT
        nearest: int = max(
            sum(attempts.values_list("failures_since_start", flat=True)) * scale // limit
            for attempts, limit in self._counted(request, credentials)
        )
        return nearest

    def reset_user_attempts(
        self, request: HttpRequest, credentials: dict[str, Any] | None = None
    ) -> int:
        """After a right password: forget what this person got wrong from this address.

        Nothing else: who has one account would otherwise wipe out the counts of an address, and
        go on guessing the passwords of others.
        """
        own = self.filter_user_attempts(request, credentials)[0]
        count: int = own.delete()[0]
        return count

    def wait(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> timedelta:
        """How long nothing is looked at: until enough wrong passwords are older than that."""
        cool_off = get_cool_off(request)
        lifted = request.axes_attempt_time  # type: ignore[attr-defined]
        for attempts, limit in self._counted(request, credentials):
            rows = attempts.order_by("attempt_time")
            counts = list(rows.values_list("failures_since_start", "attempt_time"))
            left = sum(count for count, _ in counts)
            for count, at in counts:
                if left < limit:
                    break
                left -= count
                lifted = max(lifted, at + cool_off)
        wait: timedelta = lifted - request.axes_attempt_time  # type: ignore[attr-defined]
        return wait

    def _counted(
        self, request: HttpRequest, credentials: dict[str, Any] | None
    ) -> list[tuple["QuerySet[Any]", int]]:
        found = self.get_user_attempts(request, credentials)
        return list(zip(found, settings.SIGN_IN_LIMITS, strict=True))


def client_address(request: HttpRequest) -> str | None:
    """The address by which somebody is counted: one of IPv6 stands for its network."""
    found = full_address(request)
    if found is None or ":" not in found:
        return found
    network = (int(ipaddress.IPv6Address(found)), _IPV6_PREFIX)
    return str(ipaddress.ip_network(network, strict=False)[0])


def full_address(request: HttpRequest) -> str | None:
    """The address that a request comes from, as far as it can be trusted.

    Each of the `TRUSTED_PROXIES` adds whom it heard to the end of X-Forwarded-For; what stands
    before that was written by the client itself.
    """
    proxies: int = settings.TRUSTED_PROXIES
    named = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    heard = named[-proxies].strip() if 0 < proxies <= len(named) else ""
    for candidate in (heard, request.META.get("REMOTE_ADDR", "")):
        try:
            address = ipaddress.ip_address(candidate)
        except ValueError:
            continue
        if isinstance(address, ipaddress.IPv6Address):
            return str(address.ipv4_mapped or ipaddress.IPv6Address(int(address)))
        return str(address)
    return None


def too_many(request: HttpRequest, *_: object) -> HttpResponse:
    """The page that takes the place of the answer to a wrong password too many."""
    credentials = request.axes_credentials  # type: ignore[attr-defined]
    seconds = max(1, math.ceil(ThrottleHandler().wait(request, credentials).total_seconds()))
    context = {"minutes": math.ceil(seconds / 60), "again": request.get_full_path()}
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response

"""How many calls a tenant, and each of its keys, may make: REST framework asks before it answers.

Every answer says what is left, in the fields of the IETF's draft “RateLimit header fields for HTTP”
(draft-ietf-httpapi-ratelimit-headers-11). docs/decisions/0045-limits-of-calls-and-of-jobs.md says
why the limits are as they are.
"""

import math
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from aijobs.api import buckets, problem_types
from aijobs.api.buckets import Bucket, Taken
from aijobs.api.problems import Refusal
from aijobs.live import waiting
from citizenapp.tenants.access import Access

if TYPE_CHECKING:
    # Views import the settings, which import this module.
    from rest_framework.views import APIView

TENANT, KEY = "tenant", "key"
WHOSE = {TENANT: "this workspace", KEY: "this key"}


class RateLimited(Refusal):
    """More calls than the limits allow."""

    kind = problem_types.RATE_LIMITED
    status_code = kind.status

    def __init__(self, reached: dict[str, Bucket], wait: int) -> None:
        told = " and ".join(
            f"{WHOSE[name]} may make {bucket.burst:,} calls at once and {bucket.rate:,.4g} a second"
            for name, bucket in reached.items()
        )
        super().__init__(
            f"{told[:1].upper()}{told[1:]}. Send it again in {wait:,} s.",
            headers={"Retry-After": str(wait)},
            violated_policies=list(reached),
        )


class RateLimits(BaseThrottle):
    """For REST_FRAMEWORK["DEFAULT_THROTTLE_CLASSES"].

    What asks for no credentials, as the schema does, is not limited; nor is who has none that hold.
    """

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Raises RateLimited. Adds the fields to whatever the view will answer."""
        if waiting.is_again(request._request):
            return True  # It was counted when it came, before it was held.
        limits = limits_of(request.auth) if isinstance(request.auth, Access) else {}
        if not limits:
            return True
        view.headers["RateLimit-Policy"] = policies(limits)
        taken = buckets.here().take([*limits.values()])
        if taken is None:
            return True
        wait = max(1, math.ceil(taken.wait))
        view.headers["RateLimit"] = levels(limits, taken)
        if not taken.is_taken:
            pairs = zip(limits.items(), taken.left, strict=True)
            raise RateLimited({name: bucket for (name, bucket), left in pairs if not left}, wait)
        return True


def limits_of(access: Access) -> dict[str, Bucket]:
    """The buckets by the names of their policies; none where nothing is limited.

    A key has a share of its tenant's, so that no program takes all from the others. A person has
    the tenant's alone. Their names in Valkey begin alike, so that a cluster keeps them together.
    """
    tenant = access.tenant
    rate = tenant.api_rate or settings.AIJOBS_API_RATE
    burst = tenant.api_burst or settings.AIJOBS_API_BURST
    if not rate:
        return {}
    place = f"citizenapp:calls:{{{tenant.pk}}}"
    limits = {TENANT: Bucket(place, rate, burst)}
    if access.key:
        share = settings.AIJOBS_API_KEY_PERCENT / 100
        most = max(1, math.floor(burst * share))
        limits[KEY] = Bucket(f"{place}:{access.key}", rate * share, most)
    return limits


def policies(limits: dict[str, Bucket]) -> str:
    """RateLimit-Policy: so many calls in as many seconds as it takes to fill the bucket."""
    return ", ".join(
        f'"{name}";q={one.burst};w={math.ceil(one.burst / one.rate)}'
        for name, one in limits.items()
    )


def levels(limits: dict[str, Bucket], taken: Taken) -> str:
    """RateLimit: so many calls are left, which last for `t` seconds at the rate of the bucket.

    Where none is left, `t` is how long to wait for the next.
    """
    told = []
    for (name, bucket), left in zip(limits.items(), taken.left, strict=True):
        seconds = max(left, 1) / bucket.rate if left or taken.is_taken else taken.wait
        told.append(f'"{name}";r={left};t={max(1, math.ceil(seconds))}')
    return ", ".join(told)

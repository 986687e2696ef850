"""Old versions of the API, spoken by code that knows the newest only.

Each version but the first has a module here: its `CHANGES`, for people, and `BACK`, which makes the
answers of the version before it of its own. An answer to an old version goes back step by step.
docs/decisions/0046-versions-of-the-api.md says why.
"""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from aijobs.api import problem_types
from aijobs.api.problems import Refusal
from aijobs.api.versions import v2026_11_26
from aijobs.api.versions.steps import Step
from citizenapp.tenants.access import Access
from citizenapp.tenants.api_versions import FIRST, NEWEST, VERSIONS

__all__ = ["FIRST", "HEADER", "NEWEST", "STEPS", "VERSIONS", "UnknownVersion", "Versioned", "as_of"]

HEADER = "CitizenApp-Version"
STEPS: Mapping[str, Step] = {"2026-11-26": v2026_11_26.STEP}


class UnknownVersion(Refusal):
    """The header names a version that there is not."""

    kind = problem_types.UNKNOWN_VERSION
    status_code = kind.status

    def __init__(self) -> None:
        super().__init__(
            f"There is no such version of the API. There are {', '.join(VERSIONS)}.",
            versions=list(VERSIONS),
        )


def as_of(version: str, name: str, answer: Any) -> Any:
    """An answer of the newest version as an old one had it. `name` is that of its address."""
    for later in reversed(VERSIONS[VERSIONS.index(version) + 1 :]):
        if back := STEPS[later].back.get(name):
            answer = back(answer)
    return answer


class Versioned(APIView):
    """Each answer says which version it speaks: the one that was asked for, else the key's."""

    def perform_authentication(self, request: Request) -> None:
        """Raises UnknownVersion, and before it what says that credentials do not hold.

        Not `determine_version`: that comes before it is known who asks.
        """
        super().perform_authentication(request)
        access, version = request.auth, NEWEST
        if isinstance(access, Access):
            version = request.headers.get(HEADER, access.version)
            if version not in VERSIONS:
                raise UnknownVersion
        request.version = version
        self.headers |= {HEADER: version, "Vary": HEADER}

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Problem documents, downloads and streams are the same in all versions so far."""
        version = getattr(request, "version", None)
        match = request.resolver_match
        is_told = isinstance(response, Response) and response.data is not None
        if version not in (None, NEWEST) and is_told and match:
            response.data = as_of(version, str(match.url_name), response.data)
        return super().finalize_response(request, response, *args, **kwargs)

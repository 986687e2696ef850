"""The versions of the API, by the day on which each began: oldest first, the last is the newest.

What each of them changed stands in aijobs/api/versions/, a module for each but the first.
"""

VERSIONS = ("2026-11-01", "2026-11-26")
FIRST, NEWEST = VERSIONS[0], VERSIONS[-1]


def newest() -> str:
    """Which version a key speaks that is made now."""
    return NEWEST


def choices() -> list[tuple[str, str]]:
    """For a field: a function, so that a new version needs no migration."""
    return [(one, one) for one in VERSIONS]

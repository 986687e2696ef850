"""Where webhooks may go: public addresses, and what the operator allows besides.

A name is resolved once, each of its addresses is looked at, and the connection goes to such an
address itself: what the name means a moment later does not matter. Whatever connects comes through
`open_socket`, so that no road leads around it.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Beside what Python knows to be no public address, whose list differs from version to version:
# what leads to other addresses than it shows, so that it could lead inside.
NEVER: tuple[Network, ...] = tuple(
    ipaddress.ip_network(one)
    for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/96",  # this machine, and IPv4 addresses in their oldest disguise
        "::ffff:0:0/96",  # IPv4 addresses
        "::ffff:0:0:0/96",  # IPv4 addresses, translated (RFC 2765)
        "64:ff9b::/96", "64:ff9b:1::/48",  # IPv4 addresses behind NAT64
        "100::/64", "2001::/23", "2001:db8::/32",
        "2002::/16",  # IPv4 addresses by 6to4
        "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip

LONGEST_URL = 2_000
# What resolvers take for an IPv4 address of less than four numbers, or of other than decimal ones.
_ENDS_IN_A_NUMBER = re.compile(r"(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$", re.IGNORECASE)


class Refused(OSError):
    """Nothing is sent there. It is an error of the network's, so that who connects expects it."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator allows besides public addresses: networks, and hosts by name."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def read(cls, entries: Iterable[str]) -> "Allowed":
        """Of AIJOBS_WEBHOOK_ALLOW: an entry with a slash, or an address, is a network.

        Raises ValueError, which names the entry.
        """
        networks, hosts = [], set()
        for entry in entries:
            try:
                networks.append(ipaddress.ip_network(entry))
            except ValueError:
                if "/" in entry or ":" in entry or _ENDS_IN_A_NUMBER.search(entry):
                    raise ValueError(
                        f"{entry} is neither a network nor the name of a host"
                    ) from None
                hosts.add(entry.lower().rstrip("."))
        return cls(tuple(networks), frozenset(hosts))

    def trusts(self, host: str) -> bool:
        """Whether its addresses do not matter: the operator knows it by name."""
        return host.lower().rstrip(".") in self.hosts

    def takes(self, address: str) -> bool:
        """Whether something may be sent to this address."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        if getattr(found, "scope_id", None):
            return False  # It names an interface of this machine.
        if any(found in network for network in self.networks):
            return True
        return found.is_global and not any(found in network for network in NEVER)


def problem_of(url: str, allowed: Allowed) -> str:
    """What is wrong with the URL of an endpoint, in words for a person; "" where nothing is.

    No name is looked up: what it means can change, and is looked at with each delivery.
    """
    problem = _problem_of_characters(url)
    if problem:
        return problem
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "Must be a URL, such as https://example.com/hook."
    if parts.scheme not in ("http", "https") or not host or port == 0:
        return "Must be a URL that begins with https:// or http://."
    if "@" in parts.netloc:
        return "Must not have a user name or a password in it."
    return _problem_of_host(host, allowed)


def _problem_of_characters(url: str) -> str:
    if len(url) > LONGEST_URL:
        return f"Must have at most {LONGEST_URL:,} characters."
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "Must be a URL in ASCII, without spaces."
    return "Must not have a fragment (#…)." if "#" in url else ""


def _problem_of_host(host: str, allowed: Allowed) -> str:
    labels = host.removesuffix(".").split(".")
    if not re.fullmatch(r"[a-z0-9._:-]+", host) or (
        ":" not in host and any(not 1 <= len(one) <= 63 for one in labels)
    ):
        return "Must name a host by letters, digits, dots and hyphens, or by an address."
    is_inside = False
    if ":" in host or _ENDS_IN_A_NUMBER.search(host):
        is_inside = not allowed.takes(host)
    elif labels[-1] == "localhost":
        is_inside = not allowed.takes("127.0.0.1")
    if is_inside and not allowed.trusts(host):
        return "Must not lead to a private or reserved address."
    return ""


# Whether what this task connects to is known by name.
_is_trusted: ContextVar[bool] = ContextVar("is_trusted", default=False)


class Guard(AbstractResolver):
    """Resolves names to addresses that may be sent to, and makes sockets for no others."""

    def __init__(self, allowed: Allowed, resolver: AbstractResolver) -> None:
        self._allowed, self._resolver = allowed, resolver

    @staticmethod
    def trust(is_trusted: bool) -> None:
        """Say of this task whether the operator knows by name what it will connect to."""
        _is_trusted.set(is_trusted)

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,
    ) -> list[ResolveResult]:
        """Only those that may be sent to. Raises Refused where that is none of several."""
        found = await self._resolver.resolve(host, port, family)
        taken = [one for one in found if self._takes(one["host"])]
        if found and not taken:
            raise Refused("It leads to a private or reserved address only.")
        return taken

    def open_socket(self, address: tuple[Any, ...]) -> socket.socket:
        """The socket of a connection that is about to be made. Raises Refused."""
        family, kind, protocol, _, target = address
        if not self._takes(target[0]):
            raise Refused("It leads to a private or reserved address.")
        return socket.socket(family, kind, protocol)

    def _takes(self, address: str) -> bool:
        return _is_trusted.get() or self._allowed.takes(address)

    async def close(self) -> None:
        await self._resolver.close()

"""Nothing is sent to an address that is not public, whatever name leads to it, and when.

No test here could reach another machine: what is refused is refused before a socket exists, and
names are resolved by the test.
"""

import ipaddress
import socket
from collections.abc import Sequence

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from aijobs.webhooks.addresses import Allowed, Guard, Refused, problem_of
from aijobs.webhooks.sender import Answer, Letter, post
from tests.webhooks.receiver import Receiver

NONE = Allowed()
LOCAL = Allowed.read(["127.0.0.0/8", "::1/128"])

INSIDE = [
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "100.64.0.1", "169.254.169.254", "169.254.170.2", "192.0.0.8", "192.0.2.1", "192.88.99.1",
    "198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1",
    "ff02::1", "3fff::1", "5f00::1", "not an address", "",
]  # fmt: skip
OUTSIDE = ["8.8.8.8", "1.1.1.1", "93.184.215.14", "172.32.0.1", "2606:4700:4700::1111"]


class Names(AbstractResolver):
    """Resolves every name to the next of these answers, and counts how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002
    ) -> list[ResolveResult]:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [
            ResolveResult(
                hostname=host, host=one, port=port, proto=0, flags=socket.AI_NUMERICHOST,
                family=socket.AF_INET6 if ":" in one else socket.AF_INET,
            )
            for one in answer
        ]  # fmt: skip

    async def close(self) -> None:
        pass


class Sockets(Guard):
    """A guard that notes each socket it makes."""

    made = 0

    def open_socket(self, address: tuple[object, ...]) -> socket.socket:
        made = super().open_socket(address)
        self.made += 1
        return made


async def send(
    url: str, *answers: Sequence[str], allowed: Allowed = NONE
) -> tuple[Answer, Names, Sockets]:
    names = Names(*answers)
    guard = Sockets(allowed, names)
    connector = aiohttp.TCPConnector(
        force_close=True, use_dns_cache=False, resolver=guard, socket_factory=guard.open_socket
    )
    timeout = aiohttp.ClientTimeout(total=2)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        answer = await post(session, Letter(1, url, {}, b"{}"), allowed, None)
    return answer, names, guard


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused(address: str) -> None:
    assert not NONE.takes(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_public_address_is_taken(address: str) -> None:
    assert NONE.takes(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_refused_in_all_its_disguises(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for prefix in (0, 0xFFFF << 32, 0xFFFF << 48, 0x64FF9B << 96, 0x2002 << 112):
        shift = 80 if prefix == 0x2002 << 112 else 0
        assert not NONE.takes(str(ipaddress.IPv6Address(prefix | number << shift)))


@given(st.ip_addresses())
def test_nothing_is_taken_that_python_does_not_know_as_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert not NONE.takes(str(address)) or (address.is_global and not address.is_multicast)


@pytest.mark.parametrize("address", [one for one in INSIDE if one and " " not in one])
async def test_a_name_that_leads_inside_opens_no_socket(address: str) -> None:
    answer, names, guard = await send("http://hook.example/", [address])
    assert answer == (None, "address_refused")
    assert (names.asked, guard.made) == (1, 0)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]",
        "[fe80::1]", "[64:ff9b::7f00:1]", "2130706433", "0x7f000001", "0x7f.1", "127.1",
        "0177.0.0.1",
        "127.0.0.1.", "0", "localhost", "hook.localhost", "LOCALHOST.",
    ],
)  # fmt: skip
async def test_an_address_in_the_url_opens_no_socket(host: str) -> None:
    url = f"http://{host}/"
    assert problem_of(url, NONE)
    answer, names, guard = await send(url, ["127.0.0.1"])
    assert answer == (None, "address_refused")
    assert (names.asked, guard.made) == (0, 0)


async def test_a_name_that_changes_between_check_and_connection_is_resolved_once(
    receiver: Receiver,
) -> None:
    """Were it asked again, it would lead elsewhere: the second answer is refused."""
    port = receiver.url.rpartition(":")[2]
    url = f"http://hook.example:{port}/takes"
    answer, names, guard = await send(url, ["127.0.0.1"], ["10.0.0.1"], allowed=LOCAL)
    assert answer == (200, "")
    assert (names.asked, guard.made) == (1, 1)
    assert receiver.got[0].headers["host"] == f"hook.example:{port}"
    # And with the next delivery, whose name leads inside by then, no socket is made.
    answer, names, guard = await send(url, ["10.0.0.1"], ["127.0.0.1"], allowed=LOCAL)
    assert answer == (None, "address_refused")
    assert (names.asked, guard.made) == (1, 0)


async def test_of_several_addresses_only_those_are_connected_to_that_may_be(
    receiver: Receiver,
) -> None:
    url = receiver.url.replace("127.0.0.1", "hook.example") + "/takes"
    answer, _, guard = await send(url, ["10.0.0.1", "127.0.0.1", "::1%lo"], allowed=LOCAL)
    assert answer == (200, "")
    assert guard.made == 1


async def test_a_host_that_the_operator_knows_may_be_anywhere(receiver: Receiver) -> None:
    url = receiver.url.replace("127.0.0.1", "Hook.Internal") + "/takes"
    assert (await send(url, ["127.0.0.1"]))[0] == (None, "address_refused")
    answer, *_ = await send(url, ["127.0.0.1"], allowed=Allowed.read(["hook.internal"]))
    assert answer == (200, "")


async def test_the_socket_itself_refuses_whatever_came_past_the_resolver() -> None:
    guard = Guard(NONE, Names())
    for target in (("127.0.0.1", 80), ("::ffff:127.0.0.1", 80, 0, 0), ("fe80::1", 80, 0, 2)):
        with pytest.raises(Refused):
            guard.open_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", target))


@pytest.mark.parametrize("target", ["http://169.254.169.254/", "http://[::ffff:127.0.0.1]/", "/x"])
async def test_a_redirect_is_a_failure_and_is_not_followed(receiver: Receiver, target: str) -> None:
    url = f"{receiver.url}/redirects?to={target}"
    answer, names, guard = await send(url, allowed=LOCAL)
    assert answer == (302, "redirect")
    assert (names.asked, guard.made, len(receiver.got)) == (0, 1, 1)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.com", "ftp://example.com/", "file:///etc/passwd", "http://", "https:///x",
        "http://user:password@example.com/", "http://example.com:0/", "http://example.com:99999/",
        "http://exa mple.com/", "http://example.com/#part", "http://example.com\\@10.0.0.1/",
        "http://ex%61mple.com/", "http://bücher.example/", "http://[::1", "gopher://example.com/",
        "http://a..b/", f"http://{'a' * 64}.example/", "http://example.com/" + "x" * 2_000,
        "http://example.com/\n", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_a_url_that_is_none_is_refused_in_words(url: str) -> None:
    assert problem_of(url, NONE).startswith("Must ")


@pytest.mark.parametrize(
    "url",
    ["https://example.com/hook?a=b", "http://example.com:8080", "https://xn--bcher-kva.example/",
     "https://8.8.8.8/", "https://[2606:4700:4700::1111]:8443/x"],
)  # fmt: skip
def test_a_url_of_the_outside_is_taken(url: str) -> None:
    assert problem_of(url, NONE) == ""


@given(st.text())
def test_any_text_is_judged_and_never_breaks(text: str) -> None:
    assert isinstance(problem_of(text, NONE), str)
    assert isinstance(problem_of(f"http://{text}/", NONE), str)


@pytest.mark.parametrize("entry", ["10.0.0.0/33", "300.1.1.1", "::g", "10.0.0.1/8", "0x7f.1"])
def test_an_entry_of_the_list_that_means_nothing_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match=entry.replace(".", "\\.")):
        Allowed.read([entry])

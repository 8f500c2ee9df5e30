"""Which addresses answer for which port: an own socket tells the truth of every form of listening."""

from __future__ import annotations

import socket
import sys

import pytest

from acquisition.lsl.confinement import Confinement, open_sockets
from acquisition.lsl.exposure import Address, Ear, answering, ears, in_words

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells who listens where")
LAN, LAN6, OTHER = Address("10.0.0.2", "eth0"), Address("fd00::2", "eth0"), Address("10.9.0.2", "wlan0")
ALL = [LAN, LAN6, OTHER]


@pytest.mark.parametrize(
    ("address", "device", "there"),
    [
        ("0.0.0.0", "", [LAN, OTHER]),
        ("::", "", ALL),
        ("0.0.0.0", "lo", []),
        ("::", "lo", []),
        ("127.0.0.1", "", []),
        ("::1", "", []),
        ("10.0.0.2", "", [LAN]),
        ("0.0.0.0", "wlan0", [OTHER]),
        ("fd00::2", "", [LAN6]),
    ],
)
def test_what_answers_follows_from_address_and_device(
    address: str, device: str, there: list[Address]
) -> None:
    assert answering(7, [Ear(7, address, device), Ear(8, "::", "")], ALL) == there


def test_nobody_answers_at_a_port_where_nobody_listens() -> None:
    assert answering(9, [Ear(7, "::", "")], ALL) == []


def test_words_name_every_address_once() -> None:
    assert in_words([]) == "answers on this machine only"
    assert in_words([LAN, LAN]).startswith("answers on 10.0.0.2 (eth0): everyone")


def test_the_system_tells_where_a_socket_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as near, socket.create_server(("", 0)) as wide:
        found = {(e.port, e.address, e.device) for e in ears()}
        assert (near.getsockname()[1], "127.0.0.1", "") in found
        assert (wide.getsockname()[1], "0.0.0.0", "") in found


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_confined_socket_is_held_on_the_loopback_device(family: socket.AddressFamily) -> None:
    before = open_sockets()
    with socket.create_server(("", 0), family=family) as wide, socket.create_server(("127.0.0.1", 0)) as near:
        confined = Confinement(before)
        ports = {one.getsockname()[1]: one for one in (wide, near)}
        devices = {e.port: e.device for e in ears() if e.port in ports}
        assert confined.ports == {wide.getsockname()[1]}
        assert devices == {wide.getsockname()[1]: "lo", near.getsockname()[1]: ""}
        host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
        with socket.create_connection((host, wide.getsockname()[1]), 2.0) as mine:
            wide.accept()[0].close()
            confined.shut_out()  # who comes from this machine stays
            assert mine.getpeername()


def test_sockets_that_were_there_before_are_left_alone() -> None:
    with socket.create_server(("", 0)) as mine:
        before = open_sockets()
        with socket.create_server(("", 0)):
            Confinement(before)
        assert next(e.device for e in ears() if e.port == mine.getsockname()[1]) == ""

"""Which addresses of this machine answer for which stream, in words: whoever reaches one can read it."""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from acquisition.lsl.network import Remote

_IF_INET6 = Path("/proc/net/if_inet6")
_SIOCGIFADDR = 0x8915
_DUMP, _BY_FAMILY, _DONE, _ERROR = 0x301, 20, 3, 2
_LISTENING = 1 << 10


@dataclass(frozen=True, slots=True)
class Address:
    """Hold an address of this machine and the network device it is on."""

    address: str
    device: str

    def __str__(self) -> str:
        """Return it as messages call it."""
        return f"{self.address} ({self.device})"


@dataclass(frozen=True, slots=True)
class Ear:
    """Hold a port on which a program of this machine listens; `device` is "" if it does on every one."""

    port: int
    address: str
    device: str


def own_addresses() -> list[Address]:
    """Return the addresses by which other hosts may reach this machine; empty where nobody can tell."""
    if sys.platform != "linux":
        return []
    found = []
    for _, device in socket.if_nameindex():
        if address := _ipv4(device):
            found.append(Address(address, device))
    try:
        rows = [line.split() for line in _IF_INET6.read_text().splitlines()]
    except OSError:
        rows = []
    found += [Address(str(ipaddress.IPv6Address(bytes.fromhex(r[0]))), r[5]) for r in rows]
    return [a for a in found if not ipaddress.ip_address(a.address).is_loopback]


def _ipv4(device: str) -> str:
    if sys.platform == "win32":
        return ""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            said = fcntl.ioctl(asked, _SIOCGIFADDR, struct.pack("256s", device.encode()[:15]))
        except OSError:
            return ""
    return socket.inet_ntoa(said[20:24])


def ears() -> list[Ear]:
    """Return where programs of this machine listen for TCP connections.

    Raises
    ------
    OSError
        If the system does not tell.
    """
    if sys.platform != "linux":
        raise OSError("this system does not tell who listens where")
    return [ear for family in (socket.AF_INET, socket.AF_INET6) for ear in _ears(family)]


def _ears(family: int) -> list[Ear]:
    """Ask the kernel (sock_diag(7)): /proc/net/tcp does not say to which device a socket is bound."""
    if sys.platform != "linux":
        return []
    body = struct.pack("=BBBBI48x", family, socket.IPPROTO_TCP, 0, 0, _LISTENING)
    ask = struct.pack("=IHHII", 16 + len(body), _BY_FAMILY, _DUMP, 1, 0) + body
    found: list[Ear] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as kernel:
        kernel.settimeout(2.0)
        kernel.sendto(ask, (0, 0))
        while True:
            said = kernel.recv(1 << 16)
            while len(said) >= 16:
                length, kind = struct.unpack_from("=IH", said)
                if kind in (_DONE, _ERROR) or length < 16:
                    return found
                found.append(_ear(family, said[16:length]))
                said = said[(length + 3) & ~3 :]


def _ear(family: int, row: bytes) -> Ear:
    (port,) = struct.unpack_from(">H", row, 4)
    address = socket.inet_ntop(family, row[8 : 12 if family == socket.AF_INET else 24])
    (index,) = struct.unpack_from("=I", row, 40)
    return Ear(port, address, socket.if_indextoname(index) if index else "")


def answering(port: int, listening: Iterable[Ear], addresses: Iterable[Address]) -> list[Address]:
    """Return the addresses at which other hosts get an answer from a port."""
    mine = [ear for ear in listening if ear.port == port]
    return [a for a in addresses if any(_answers(ear, a) for ear in mine)]


def _answers(ear: Ear, address: Address) -> bool:
    there, here = ipaddress.ip_address(ear.address), ipaddress.ip_address(address.address)
    if ear.device not in ("", address.device):
        return False
    return there == here or (there.is_unspecified and there.version >= here.version)


def exposures(remotes: Sequence[Remote]) -> list[tuple[str, bool, str]]:
    """Say of each stream of this machine who can read it.

    Returns
    -------
    list of (stream, whether only programs of this machine can read it, words)
    """
    addresses = own_addresses()
    try:
        listening = ears()
    except OSError as error:
        return [(str(r), True, f"who can read it cannot be told here: {error}") for r in remotes]
    out = []
    for remote in remotes:
        ports = data_ports(remote.found.as_xml())
        if remote.host != socket.gethostname() or not {e.port for e in listening}.intersection(ports):
            continue  # another host's: it is for that host to say
        open_to = [a for port in ports for a in answering(port, listening, addresses)]
        out.append((str(remote), not open_to, in_words(open_to)))
    return out


def in_words(open_to: Sequence[Address]) -> str:
    """Say who can read a stream."""
    if not open_to:
        return "answers on this machine only"
    where_to = ", ".join(dict.fromkeys(map(str, open_to)))
    return f"answers on {where_to}: everyone who reaches this address can read it, LSL knows no passwords"


def who_reads(ports: Iterable[int]) -> str:
    """Say who can read what comes from ports of this machine."""
    try:
        listening = ears()
    except OSError as error:
        return f"who can read it cannot be told here: {error}"
    addresses = own_addresses()
    return in_words([a for port in ports for a in answering(port, listening, addresses)])


def data_ports(xml: str) -> list[int]:
    """Return the ports from which a stream's data come."""
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return []
    ports = [root.findtext(tag) or "0" for tag in ("v4data_port", "v6data_port")]
    return [int(p) for p in ports if p.isdecimal() and int(p)]

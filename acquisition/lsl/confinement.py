"""Keep outlets on this machine: liblsl's own settings say only how far it looks, and it listens everywhere.

An outlet's sockets are bound to the loopback device right after they are made; what another host sends to
them the system then drops. Whoever came in before that is shut out before the first sample. Programs of this
machine find the outlets as before, whatever their own scope.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Iterable

from acquisition.errors import StreamError

LOOPBACK = b"lo"
_SOCKETS = "/proc/self/fd"


def open_sockets() -> frozenset[int]:
    """Return the file descriptors of all sockets of this process; none where the system lists none."""
    found = []
    for name in os.listdir(_SOCKETS) if os.path.isdir(_SOCKETS) else ():
        try:
            if os.readlink(f"{_SOCKETS}/{name}").startswith("socket:"):
                found.append(int(name))
        except OSError:  # closed meanwhile
            continue
    return frozenset(found)


def possible() -> bool:
    """Tell whether this system can keep an outlet on the machine."""
    return sys.platform == "linux"


class Confinement:
    """Hold the sockets of an outlet on this machine.

    Parameters
    ----------
    before : set of int
        What `open_sockets` said before the outlet was made.

    Raises
    ------
    StreamError
        If this system cannot do it.
    """

    def __init__(self, before: Iterable[int]) -> None:
        if not possible():
            raise StreamError(
                "LSL cannot be kept on the machine by this system; [lsl] scope = 'link' lets everyone on the "
                "network read what is published"
            )
        self.ports: set[int] = set()
        self._made = open_sockets() - set(before)
        for fd in self._made:
            self._bind(fd)
        if not self.ports:
            raise StreamError("LSL opened no socket that could be kept on the machine")
        self.shut_out()

    def _bind(self, fd: int) -> None:
        if sys.platform != "linux":
            return
        with socket.socket(fileno=os.dup(fd)) as own:
            if own.family not in (socket.AF_INET, socket.AF_INET6) or not _wildcard(own):
                return
            try:
                own.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, LOOPBACK)
            except OSError as error:
                raise StreamError(f"LSL cannot be kept on the machine: {error.strerror}") from error
            self.ports.add(int(own.getsockname()[1]))

    def shut_out(self) -> None:
        """End the connections of other hosts, who came before the outlet was confined."""
        for fd in open_sockets():
            try:
                with socket.socket(fileno=os.dup(fd)) as one:
                    if one.family not in (socket.AF_INET, socket.AF_INET6) or one.type != socket.SOCK_STREAM:
                        continue
                    port, (peer, *_) = one.getsockname()[1], one.getpeername()
                    if port in self.ports and not _loopback(peer):
                        one.shutdown(socket.SHUT_RDWR)
            except OSError:  # not connected, or closed meanwhile
                continue


def _wildcard(one: socket.socket) -> bool:
    name = one.getsockname()
    return bool(name) and ipaddress.ip_address(name[0].partition("%")[0]).is_unspecified


def _loopback(peer: str) -> bool:
    address = ipaddress.ip_address(peer.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback

"""Serve the page: where, to whom, and until when."""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acquisition.errors import ControlError
from acquisition.status_page.shown import ALARMS, Shown
from acquisition.status_page.watch import Watch

if TYPE_CHECKING:
    import uvicorn

LOOPBACK = "127.0.0.1"
PORT = 0
"""Any that is free."""
AFTER = 15 * 60.0
"""Seconds for which a page that came with a recording stays after its end, so that phones see the alarm."""
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Address:
    """Say where the page is: the host that is listened on, the port, and the host that a link names."""

    host: str
    port: int
    shown: str

    @property
    def loopback(self) -> bool:
        """Tell whether only this machine can reach it."""
        return ipaddress.ip_address(self.host).is_loopback


def address_of(text: str) -> Address:
    """Return an address from HOST:PORT, HOST, :PORT or PORT; "" is loopback and any free port.

    Raises
    ------
    ControlError
        If it is none, or this machine has no such address.
    """
    found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]*)(?::(\d{1,5}))?", text.strip())
    host, port = (found[1].strip("[]"), int(found[2] or PORT)) if found else ("", -1)
    if host.isdigit() and found is not None and found[2] is None:
        host, port = "", int(host)
    if not 0 <= port <= 65_535:
        raise ControlError(f"address {text[:60]!r}: must be HOST:PORT, such as 192.168.1.20:8443")
    try:
        ip = socket.getaddrinfo(host or LOOPBACK, None, type=socket.SOCK_STREAM)[0][4][0]
    except OSError as error:
        raise ControlError(
            f"address {text[:60]!r}: no host {host[:60]!r} ({error.strerror or error})"
        ) from error
    wild = ipaddress.ip_address(ip).is_unspecified
    return Address(str(ip), port, _outward() if wild else host or LOOPBACK)


def _outward() -> str:
    """Return the address by which the local network reaches this machine; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return LOOPBACK


def link_text(link: str, *, terminal: bool) -> str:
    """Return a link and, for a terminal, its QR code."""
    if not terminal:
        return link
    import io

    import segno

    out = io.StringIO()
    segno.make(link, error="m").terminal(out, compact=True)
    return f"{link}\n{out.getvalue().rstrip()}"


def serve(
    watch: Watch,
    address: Address,
    say: Say,
    *,
    marks: bool = False,
    terminal: bool = False,
    ends: bool = False,
    stop: threading.Event | None = None,
) -> None:
    """Serve the page until it is told to stop.

    Parameters
    ----------
    say : callable
        Told the link, and a new one after each that was used.
    terminal : bool
        Whether links come with their QR code.
    ends : bool
        End some time after the recording has.

    Raises
    ------
    ControlError
        If the address is taken.
    """
    import uvicorn

    from acquisition.status_page.app import Door, make_app
    from acquisition.status_page.certificate import certificate

    listener = _listen(address)
    port = listener.getsockname()[1]
    plain = address.loopback
    shown_host = f"[{address.shown}]" if ":" in address.shown else address.shown
    with ExitStack() as kept:
        kept.callback(listener.close)
        tls = None if plain else kept.enter_context(certificate([address.shown]))
        root = f"{'http' if plain else 'https'}://{shown_host}:{port}"

        def tell(token: str) -> None:
            say(link_text(f"{root}/enter/{token}", terminal=terminal))

        if tls is not None:
            say(f"the page is on the network, under TLS; its certificate: {tls.fingerprint}")
        door = Door(opened=tell)
        tell(door.token)
        over = threading.Event()
        hosts = [address.shown, "localhost"]
        app = make_app(watch, door, hosts=hosts, secure=not plain, marks=marks, over=over)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="critical",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=2,
                ssl_certfile=None if tls is None else str(tls.cert),
                ssl_keyfile=None if tls is None else str(tls.key),
                lifespan="off",
                ws="none",
            )
        )
        threading.Thread(target=_end, args=(server, over, watch, stop, ends), daemon=True).start()
        server.run(sockets=[listener])


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
        listener.listen(64)  # who follows the link at once waits for the server
    except OSError as error:
        listener.close()
        raise ControlError(f"{address.host}:{address.port}: {error.strerror or error}") from error
    return listener


def _end(
    server: uvicorn.Server, over: threading.Event, watch: Watch, stop: threading.Event | None, ends: bool
) -> None:
    """End the server when told to, or long after the recording has ended; first of all what it streams."""
    since: float | None = None
    waits = stop or threading.Event()
    while not waits.wait(1.0 if ends else 0.2) and not server.should_exit:
        if ends:
            now: Shown = watch.look()
            since = (since or time.monotonic()) if now["state"] in ALARMS else None
            if since is not None and time.monotonic() - since > AFTER:
                break
    over.set()
    server.should_exit = True

"""A machine of its own on the network: a namespace with an uplink, a neighbour, and a log of what leaves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.system.commands import ROOT, await_true

UPLINK = "uplink0"
ADDRESS, NEIGHBOUR = "10.203.0.2", "10.203.0.1"
_VETH = ("link", "add", UPLINK, "type", "veth", "peer", "name", "downlink0")


@dataclass(frozen=True, slots=True)
class Island:
    """Hold a namespace's name and the file its packet log is written to."""

    name: str
    neighbour: str
    log: Path

    @property
    def prefix(self) -> tuple[str, ...]:
        """Return the words before a command that make it run there."""
        return ("ip", "netns", "exec", self.name)

    @property
    def next_door(self) -> tuple[str, ...]:
        """Return the words before a command that make it run on the neighbour's machine."""
        return ("ip", "netns", "exec", self.neighbour)

    def left(self) -> list[dict[str, object]]:
        """Return what was sent over the uplink, and what the resolver was asked, so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def why_not() -> str:
    """Say why this machine cannot have such a namespace; "" if it can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "a network namespace takes root"
    if shutil.which("ip") is None:
        return "no `ip` here (Debian: iproute2)"
    name = f"probe{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespace here: {made.stderr.strip()}"
    linked = subprocess.run(["ip", "-n", name, *_VETH], capture_output=True, text=True, check=False)
    _ip("netns", "del", name)
    return f"no virtual network devices here: {linked.stderr.strip()}" if linked.returncode else ""


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def island(folder: Path) -> Iterator[Island]:
    """Make the namespace, start its log, and take both away at the end."""
    name = f"attune{os.getpid()}"
    place = Island(name, f"{name}n", folder / "packets.jsonl")
    settings = Path("/etc/netns") / name
    settings.mkdir(parents=True)
    (settings / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    try:
        for space in (name, place.neighbour):
            _ip("netns", "add", space)
            _ip("-n", space, "link", "set", "lo", "up")
        _ip("-n", name, *_VETH, "netns", place.neighbour)
        for space, device, address in (
            (name, UPLINK, ADDRESS),
            (place.neighbour, "downlink0", NEIGHBOUR),
        ):
            _ip("-n", space, "addr", "add", f"{address}/24", "dev", device)
            _ip("-n", space, "link", "set", device, "up")
            _ip("-n", space, "route", "add", "default", "via", NEIGHBOUR if space == name else ADDRESS)
        with _log(place):
            yield place
    finally:
        for space in (name, place.neighbour):
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)
        shutil.rmtree(settings)


@contextmanager
def _log(place: Island) -> Iterator[None]:
    with place.log.open("wb") as file:
        logger = subprocess.Popen(
            [*place.prefix, sys.executable, "-m", "tests.system.packet_log", UPLINK], cwd=ROOT, stdout=file
        )
        try:
            await_true(lambda: b"listening" in place.log.read_bytes())
            yield
        finally:
            logger.terminate()
            logger.wait(60)

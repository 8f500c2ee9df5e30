"""What a neighbour's machine learns of our streams: python -m … SECONDS ADDRESS.

A line of JSON: the streams that LSL finds there, by search and by asking ADDRESS, which of them gives a
sample, and which of LSL's ports at ADDRESS take a connection.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pylsl

PORTS = range(16572, 16604)


def main(seconds: float, address: str) -> None:
    """Look, and say what was found."""
    pylsl.set_config_content(f"[lab]\nKnownPeers={{{address}}}\n[ports]\nPortRange=128\n[log]\nlevel=-3\n")
    found = pylsl.resolve_streams(seconds)
    ports = [port for port in PORTS if takes(address, port)]
    with ThreadPoolExecutor(max(1, len(found))) as pool:  # one that is silent takes seconds
        heard = sorted(filter(None, pool.map(read, found)))
    seen = {"found": sorted(i.name() for i in found), "read": heard, "ports": ports}
    print(json.dumps(seen))  # noqa: T201


def read(info: Any) -> str:
    """Return the name of a stream that gives a sample, else nothing."""
    with contextlib.suppress(Exception):  # liblsl's errors are of many kinds
        inlet = pylsl.StreamInlet(info)
        inlet.open_stream(3.0)
        if inlet.pull_sample(3.0)[0]:
            return str(info.name())
    return ""


def takes(address: str, port: int) -> bool:
    """Tell whether a port takes a connection."""
    try:
        socket.create_connection((address, port), 0.2).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])

"""Log what leaves over a network device, and answer every name that is asked for: python -m … DEVICE.

One JSON line a packet: {"to", "port", "kind"}, kind "udp", "tcp", "igmp", "icmp6" or a number. One a question
to the resolver on 127.0.0.1: {"asked"}. Every name is answered with an address beyond the uplink.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys

BEYOND = "198.51.100.7"
KINDS = {2: "igmp", 6: "tcp", 17: "udp", 58: "icmp6"}
_OUTGOING = 4
_IP, _IPV6 = 0x0800, 0x86DD


def main(device: str) -> None:
    """Log until killed."""
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    wire.bind((device, 3))
    resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    resolver.bind(("127.0.0.1", 53))
    say({"listening": device})
    while True:
        ready, _, _ = select.select([wire, resolver], [], [])
        if wire in ready:
            data, (_, protocol, direction, *_rest) = wire.recvfrom(65535)
            if direction == _OUTGOING and protocol in (_IP, _IPV6):
                say(packet(data, protocol))
        if resolver in ready:
            question, sender = resolver.recvfrom(512)
            say({"asked": name(question)})
            resolver.sendto(answer(question), sender)


def say(line: dict[str, object]) -> None:
    """Write a line."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def packet(data: bytes, protocol: int) -> dict[str, object]:
    """Say where a packet goes."""
    if protocol == _IP:
        kind, head = data[9], 4 * (data[0] & 15)
        to = socket.inet_ntop(socket.AF_INET, data[16:20])
    else:
        kind, head = data[6], 40
        to = socket.inet_ntop(socket.AF_INET6, data[24:40])
        if kind == 0:  # hop-by-hop options stand before membership reports
            kind, head = data[40], 40 + 8 * (1 + data[41])
    port = struct.unpack(">H", data[head + 2 : head + 4])[0] if kind in (6, 17) else 0
    return {"to": to, "port": port, "kind": KINDS.get(kind, str(kind))}


def name(question: bytes) -> str:
    """Return the name that is asked for."""
    parts, at = [], 12
    while question[at]:
        parts.append(question[at + 1 : at + 1 + question[at]].decode("ascii", "replace"))
        at += 1 + question[at]
    return ".".join(parts)


def answer(question: bytes) -> bytes:
    """Return an answer: one address for a question of type A, none for others."""
    end = question.index(b"\0", 12) + 5
    wants_address = question[end - 4 : end - 2] == b"\0\1"
    head = question[:2] + b"\x81\x80\0\1" + struct.pack(">H", int(wants_address)) + bytes(4)
    record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(BEYOND)
    return head + question[12:end] + (record if wants_address else b"")


if __name__ == "__main__":
    main(sys.argv[1])

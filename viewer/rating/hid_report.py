"""What a HID device says of its own reports: which bits hold which axis, dial or button.

The descriptor is that of the Device Class Definition for HID 1.11 (USB-IF 2001, section 6.2.2); numbers of
usages are those of the HID Usage Tables. Arrays (keys of a keyboard), constants, outputs and features are no
controls of a rating and are stepped over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from acquisition.errors import AttunementError

DESKTOP, BUTTONS = 0x01, 0x09
X, Y, Z, RX, RY, RZ, SLIDER, DIAL, WHEEL = range(0x30, 0x39)
AXES = (X, Y, Z, RX, RY, RZ, SLIDER, DIAL, WHEEL)
POINTER, MOUSE, KEYBOARD, KEYPAD = 0x01, 0x02, 0x06, 0x07
JOYSTICK, GAME_PAD, MULTI_AXIS = 0x04, 0x05, 0x08
MOST_BITS = 8 * 4096
"""Of a report; a descriptor that says more is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Say where in a report a control lies, and what it may say.

    Parameters
    ----------
    report : int
        Number of the report, its first byte; 0 where the device has only one, without a number.
    page, usage : int
        What it is.
    bit, size : int
        Where it begins after the report's number, and how long it is [bits].
    low, high : int
        Its ends.
    relative : bool
        It says by how much it was moved, not where it is.
    wraps : bool
        Beyond one end it goes on at the other.
    """

    report: int
    page: int
    usage: int
    bit: int
    size: int
    low: int
    high: int
    relative: bool = False
    wraps: bool = False

    def value(self, report: bytes) -> int | None:
        """Return what it says in a report; None in another, in one cut short, or where it has no value."""
        if self.report:
            if not report or report[0] != self.report:
                return None
            report = report[1:]
        if self.bit + self.size > 8 * len(report):
            return None
        raw = int.from_bytes(report, "little") >> self.bit & ((1 << self.size) - 1)
        if self.low < 0 and raw >> (self.size - 1):
            raw -= 1 << self.size
        return raw if self.low <= raw <= self.high else None

    def place(self, value: int) -> float:
        """Return where a value lies from end to end, from -1 to 1."""
        return 2.0 * (value - self.low) / (self.high - self.low) - 1.0


@dataclass(frozen=True, slots=True)
class _Global:
    page: int = 0
    low: int = 0
    high: int = 0
    high_unsigned: int = 0
    size: int = 0
    count: int = 0
    report: int = 0


@dataclass(slots=True)
class _Local:
    usages: list[int] = field(default_factory=list)
    first: int | None = None


def controls(descriptor: bytes) -> list[Control]:
    """Return the controls that a report descriptor tells of, in its order.

    Raises
    ------
    AttunementError
        If it is cut short or says what cannot be.
    """
    here, kept, local = _Global(), list[_Global](), _Local()
    at: dict[int, int] = {}
    out: list[Control] = []
    for kind, tag, data in _items(descriptor):
        if kind == 1:
            here = _globally(here, tag, data, kept)
        elif kind == 2:
            _locally(local, tag, data, here.page)
        else:
            if kind == 0 and tag == 8:
                out += _inputs(here, local, int.from_bytes(data, "little"), at.get(here.report, 0))
                at[here.report] = at.get(here.report, 0) + here.size * here.count
                if at[here.report] > MOST_BITS:
                    raise AttunementError("its description is none of a HID device: a report without end")
            local = _Local()
    return out


def _items(descriptor: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield kind (0 main, 1 global, 2 local), tag and data of each item; long items are stepped over."""
    at = 0
    while at < len(descriptor):
        head = descriptor[at]
        if head == 0xFE:
            at += 3 + (descriptor[at + 1] if at + 1 < len(descriptor) else 0)
            continue
        length = (0, 1, 2, 4)[head & 3]
        data = descriptor[at + 1 : at + 1 + length]
        if len(data) < length:
            raise AttunementError("its description is none of a HID device: it is cut short")
        yield head >> 2 & 3, head >> 4, data
        at += 1 + length


def _globally(here: _Global, tag: int, data: bytes, kept: list[_Global]) -> _Global:
    plain, signed = (int.from_bytes(data, "little", signed=s) for s in (False, True))
    if tag == 10:
        kept.append(here)
    elif tag == 11:
        return kept.pop() if kept else here
    elif tag == 2:
        return replace(here, high=signed, high_unsigned=plain)
    names = {0: "page", 7: "size", 8: "report", 9: "count"}
    if tag == 1:
        return replace(here, low=signed)
    return replace(here, **{names[tag]: plain}) if tag in names else here


def _locally(local: _Local, tag: int, data: bytes, page: int) -> None:
    usage = int.from_bytes(data, "little")
    if len(data) < 4:
        usage |= page << 16
    if tag == 0:
        local.usages.append(usage)
    elif tag == 1:
        local.first = usage
    elif tag == 2 and local.first is not None:
        local.usages += range(local.first, min(usage, local.first + 1024) + 1)
        local.first = None


def _inputs(here: _Global, local: _Local, flags: int, begin: int) -> list[Control]:
    constant, variable = flags & 1, flags & 2
    # Many devices write an end of 255 or 65535 as if numbers had no sign.
    high = here.high if here.high > here.low else here.high_unsigned
    if constant or not variable or not local.usages or not 0 < here.size <= 32 or high <= here.low:
        return []
    return [
        Control(
            report=here.report,
            page=usage >> 16,
            usage=usage & 0xFFFF,
            bit=begin + k * here.size,
            size=here.size,
            low=here.low,
            high=high,
            relative=bool(flags & 4),
            wraps=bool(flags & 8),
        )
        for k in range(min(here.count, MOST_BITS // here.size))
        for usage in (local.usages[min(k, len(local.usages) - 1)],)
    ]

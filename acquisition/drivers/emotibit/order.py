"""Packets of a device in the order of their numbers: doubles left out, holes waited for, then counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from acquisition.gatt.emotibit import WRAP_MS, WRAP_NUMBER, Line

WAIT = 0.25
"""Seconds that a missing packet may come late: datagrams overtake one another by less."""
FAR = 5000
"""Milliseconds from the newest packet on which no late one is."""
OLD = 1000
"""Numbers back from which on a packet is no late one, but of a device that begins anew."""


@dataclass(slots=True)
class Order:
    """Sort the lines of a device.

    Parameters
    ----------
    lost, doubled, late : int
        How many packets never came, came twice, or came when their turn was over.
    """

    lost: int = 0
    doubled: int = 0
    late: int = 0
    _next: int | None = None
    _waiting: dict[int, tuple[Line, float]] = field(default_factory=dict)
    _since: float = 0.0
    _ms: int = 0

    def feed(self, lines: list[Line], now: float) -> list[tuple[Line, float]]:
        """Return the lines whose turn it is, each with its arrival [s]."""
        for line in lines:
            ahead = 0 if self._next is None else (line.number - self._next) % WRAP_NUMBER
            if self._next is None or OLD <= ahead < WRAP_NUMBER - OLD or self._is_anew(line, ahead):
                self._waiting, self._next = {}, line.number  # a device that counts anew
                ahead = 0
            if ahead >= WRAP_NUMBER - OLD:
                self._count_old(line)
            elif line.number in self._waiting:
                self.doubled += 1
            else:
                if not self._waiting:
                    self._since = now
                self._waiting[line.number] = (line, now)
                self._seen[line.number % OLD] = line.number
        return self.due(now)

    _seen: dict[int, int] = field(default_factory=dict)

    def _is_anew(self, line: Line, ahead: int) -> bool:
        """Tell whether a number that had its turn is of a device that counts anew: its clock says so."""
        step = (line.ms - self._ms + WRAP_MS // 2) % WRAP_MS - WRAP_MS // 2
        return ahead >= WRAP_NUMBER - OLD and not -FAR < step < FAR

    def _count_old(self, line: Line) -> None:
        if self._seen.get(line.number % OLD) == line.number:
            self.doubled += 1
        else:
            self.late += 1

    def due(self, now: float) -> list[tuple[Line, float]]:
        """Return the lines whose turn it is by now: a hole is waited for, and then counted."""
        out: list[tuple[Line, float]] = []
        while self._waiting and self._next is not None:
            if self._next in self._waiting:
                line, arrival = self._waiting.pop(self._next)
                out.append((line, arrival))
                self._ms = line.ms
                self._next = (self._next + 1) % WRAP_NUMBER
                self._since = arrival
                continue
            if now - self._since < WAIT:
                break
            start = self._next
            first = min(self._waiting, key=lambda n: (n - start) % WRAP_NUMBER)
            self.lost += (first - start) % WRAP_NUMBER
            self._next = first
        return out

    def restart(self) -> None:
        """Expect any number next."""
        self._next, self._waiting = None, {}

"""What the corrections of one person who corrects amount to: the one place where they are folded.

Acts hold in the order in which they were done, but for those that were undone. A beat is named by its time,
to the bit: the detector's as it was detected, one by hand as it was placed. Stretches of one signal never
overlap: what a file of other making says of time that is marked or accepted already counts as far as it is
new, and is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from acquisition.events.corrections import BACK, Correction

Stretch = tuple[float, float]
Key = tuple[str, str]
"""Role, and heart or skin."""


@dataclass(slots=True, kw_only=True)
class ByHand:
    """Hold what was done to one signal of one person; times on the LSL clock [s].

    Parameters
    ----------
    inserted, deleted, rejected : dict of float to str
        Beats (or responses that are rejected) by their time, each with the reason.
    moved : dict of float to float
        Detected beats, and where they were put.
    marked, accepted : dict of (float, float) to str
        Stretches that are no signal, and such as are one whatever the gates say, with the reason.
    kept : dict of float to str
        Places that were looked at and found right: they change nothing.
    """

    inserted: dict[float, str] = field(default_factory=dict)
    deleted: dict[float, str] = field(default_factory=dict)
    moved: dict[float, float] = field(default_factory=dict)
    rejected: dict[float, str] = field(default_factory=dict)
    marked: dict[Stretch, str] = field(default_factory=dict)
    accepted: dict[Stretch, str] = field(default_factory=dict)
    kept: dict[float, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Tell whether anything is other than detected."""
        return any(getattr(self, name) for name in self.__dataclass_fields__ if name != "kept")

    def counts(self) -> dict[str, float]:
        """Return how many beats or responses, and how many seconds, were corrected in which way."""
        return {
            "inserted": len(self.inserted),
            "deleted": len(self.deleted),
            "moved": len(self.moved),
            "rejected": len(self.rejected),
            "marked_s": sum(stop - start for start, stop in self.marked),
            "accepted_s": sum(stop - start for start, stop in self.accepted),
        }

    def overlaps(self, start: float, stop: float) -> Stretch | None:
        """Return the stretch that shares time with this one, if there is one."""
        both = sorted([*self.marked, *self.accepted])
        return next(((a, b) for a, b in both if a < stop and start < b), None)

    def beat_at(self, time: float) -> float:
        """Return the detected beat that was moved to a time, else the time itself."""
        return next((old for old, new in self.moved.items() if new == time), time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """Hold what holds, by (role, signal), and what of the lines does nothing, one text each."""

    who: str
    signals: Mapping[Key, ByHand]
    faults: Sequence[str] = ()

    def of(self, role: str, signal: str) -> ByHand:
        """Return what was done to a signal."""
        return self.signals.get((role, signal), ByHand())

    def __bool__(self) -> bool:
        """Tell whether anything holds."""
        return any(self.signals.values())


@dataclass(slots=True)
class Acts:
    """Hold the acts of one who corrects: those that hold, and those to be done again, the next one last."""

    held: list[list[Correction]] = field(default_factory=list)
    undone: list[list[Correction]] = field(default_factory=list)
    torn: list[list[Correction]] = field(default_factory=list)
    """Those of which not all lines are there, since writing was cut off: they count as never done."""


@dataclass(slots=True)
class ActsSoFar:
    """Take the corrections of one person as they come, so that one more costs no more than the first."""

    who: str
    _made: list[list[Correction]] = field(default_factory=list)
    _undone: list[list[Correction]] = field(default_factory=list)

    def take(self, corrections: Iterable[Correction]) -> None:
        """Take the next ones, in order; a new act forgets what was undone before it."""
        for c in corrections:
            if c.who != self.who:
                continue
            if c.op in BACK:
                self._back(c)
            elif self._made and self._made[-1][0].id == c.id:
                self._made[-1].append(c)
            else:
                self._made.append([c])
                self._undone = []

    def _back(self, c: Correction) -> None:
        source, target = (self._made, self._undone) if c.op == "undo" else (self._undone, self._made)
        for k in range(len(source) - 1, -1, -1):
            if source[k][0].id == c.ref:
                target.append(source.pop(k))
                return

    def acts(self) -> Acts:
        """Return the acts there are now."""
        torn = [act for act in self._made if len(act) < act[0].lines]
        held = [act for act in self._made if len(act) >= act[0].lines] if torn else list(self._made)
        return Acts(held=held, undone=list(self._undone), torn=torn)


def acts_of(corrections: Iterable[Correction], who: str) -> Acts:
    """Return the acts of one person in order; a new act forgets what was undone before it."""
    acts = ActsSoFar(who)
    acts.take(corrections)
    return acts.acts()


def editors(corrections: Iterable[Correction]) -> list[str]:
    """Return who has corrected, in order."""
    return sorted({c.who for c in corrections if c.who})


def fold(corrections: Iterable[Correction], who: str) -> Folded:
    """Return what the corrections of one person amount to."""
    return folded(acts_of(corrections, who), who)


def folded(acts: Acts, who: str) -> Folded:
    """Return what the acts of one person amount to."""
    signals: dict[Key, ByHand] = {}
    faults = [
        f"an act of {act[0].lines} corrections by {who} was cut off while it was written ({len(act)} are "
        "there): none of them counts"
        for act in acts.torn
    ]
    for act in acts.held:
        for c in act:
            said = apply(signals.setdefault((c.role, c.signal), ByHand()), c)
            if said:
                faults.append(f"correction of {c.when or 'unknown time'} by {who}: {said}")
    return Folded(who=who, signals={k: v for k, v in signals.items() if v or v.kept}, faults=faults)


def apply(now: ByHand, c: Correction) -> str:
    """Do one correction to `now`; return why it does nothing, or not all that it says, "" where it does."""
    return _DO[c.op](now, c)


def _insert(now: ByHand, c: Correction) -> str:
    if c.time in now.inserted:
        return "the beat was inserted already"
    now.inserted[c.time] = c.why
    return ""


def _delete(now: ByHand, c: Correction) -> str:
    now.rejected.pop(c.time, None)
    if now.inserted.pop(c.time, None) is not None:
        return ""
    old = now.beat_at(c.time)
    now.moved.pop(old, None)
    if old in now.deleted:
        return "the beat was deleted already"
    now.deleted[old] = c.why
    return ""


def _move(now: ByHand, c: Correction) -> str:
    if (why := now.rejected.pop(c.time, None)) is not None:
        now.rejected[c.to] = why
    if c.time in now.inserted:
        now.inserted[c.to] = now.inserted.pop(c.time)
        return ""
    old = now.beat_at(c.time)
    if old in now.deleted:
        return "the beat was deleted before"
    if old == c.to:
        now.moved.pop(old, None)
    else:
        now.moved[old] = c.to
    return ""


def _reject(now: ByHand, c: Correction) -> str:
    if c.time in now.rejected:
        return "it was rejected already"
    now.rejected[c.time] = c.why
    return ""


def _keep(now: ByHand, c: Correction) -> str:
    now.kept[c.time] = c.why
    return ""


def _restore(now: ByHand, c: Correction) -> str:
    """Take back what was done to one beat or response, whenever that was."""
    old = now.beat_at(c.time)
    done: list[object] = [kept.pop(c.time, None) for kept in (now.rejected, now.deleted, now.kept)]
    done.append(now.moved.pop(old, None))
    return "" if any(what is not None for what in done) else "nothing was done to it"


def _stretch(now: ByHand, kept: dict[Stretch, str], c: Correction, start: float, stop: float) -> str:
    """Add a stretch, or what of it is new."""
    if (other := now.overlaps(start, stop)) is None:
        kept[start, stop] = c.why
        return ""
    at = start
    for a, b in sorted([*now.marked, *now.accepted]):
        if at < min(a, stop) and b > start:
            kept[at, min(a, stop)] = c.why
        at = max(at, b) if a < stop and b > start else at
    if at < stop:
        kept[at, stop] = c.why
    return (
        f"a stretch of {stop - start:.3f} s overlaps one of {other[1] - other[0]:.3f} s: what is new counts"
    )


def _mark(now: ByHand, c: Correction) -> str:
    return _stretch(now, now.marked, c, c.start, c.stop)


def _accept(now: ByHand, c: Correction) -> str:
    return _stretch(now, now.accepted, c, c.start, c.stop)


def _edge(now: ByHand, c: Correction) -> str:
    for kept in (now.marked, now.accepted):
        if (c.start, c.stop) in kept:
            why = kept.pop((c.start, c.stop))
            return _stretch(now, kept, replace(c, why=c.why or why), c.new_start, c.new_stop)
    return "the stretch is not there"


def _clear(now: ByHand, c: Correction) -> str:
    found = [kept.pop((c.start, c.stop), None) for kept in (now.marked, now.accepted)]
    return "" if any(why is not None for why in found) else "the stretch is not there"


_DO: Mapping[str, Callable[[ByHand, Correction], str]] = {
    "insert": _insert,
    "delete": _delete,
    "move": _move,
    "reject": _reject,
    "keep": _keep,
    "restore": _restore,
    "mark": _mark,
    "accept": _accept,
    "edge": _edge,
    "clear": _clear,
}

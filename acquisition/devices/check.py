"""Preflight of a session: devices found, battery, signal, consent, disk, clock, what LSL shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from acquisition.devices.listening import Judge, Listening
from acquisition.devices.nearby import verdict
from acquisition.drivers import Driver, Identified, Keeping
from acquisition.errors import KeyStoreError, StreamError
from acquisition.lsl.checked import remember
from acquisition.lsl.clock import local_clock
from acquisition.lsl.exposure import exposures, who_reads
from acquisition.lsl.network import Remote, configure, resolve
from acquisition.lsl.outlet import Announcement, Outlet
from acquisition.protection.keystore import KeyStore
from acquisition.protection.store_files import default_store
from acquisition.protection.unlocked import identity_of
from acquisition.protection.vault import UNSEALED
from acquisition.recorder.begin import open_drivers
from acquisition.recorder.disk import DiskWatch
from acquisition.session.hearts import lopsided
from acquisition.session.session import Session
from acquisition.stream import PEOPLE, Chunk, Modality, Role, StreamInfo
from acquisition.voice.rows import is_turns

SETTLE = 4.0
LATE = 1.5
"""Seconds by which the last packet may be late when the listening ends."""
BATTERY = 20
"""Level below which an hour is not certain [%]."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Say how one thing is: `part` is consent, sealing, plan, device, stream, disk, clock or lsl.

    `plan` is what a recording of this session would open, and what it would not.
    """

    part: str
    what: str
    ok: bool
    text: str


def check(
    session: Session,
    out: Path,
    *,
    wait: float = 20.0,
    listen: float = 10.0,
    judge: Judge | None = None,
    drivers: Sequence[Driver] | None = None,
    clock: Callable[[], float] = local_clock,
    sleep: Callable[[float], None] = time.sleep,
    wall: Callable[[], float] = time.time,
) -> list[Finding]:
    """Return all that a recording of this session would meet now.

    Parameters
    ----------
    out : Path
        Where recordings go.
    wait, listen : float
        Seconds for the devices to appear, and to listen to them.
    judge : Judge, optional
        Says how each sensor sits; without one only rate and range are looked at.

    Raises
    ------
    DeviceError, SessionError, StreamError
        If a driver cannot even be made.
    """
    refusals: list[str] = []
    if drivers is None:
        drivers, refusals = open_drivers(session)
    plan = _plan(session, drivers, refusals)
    findings = [*_consent(session), protection_finding(session), *plan]
    before = clock(), wall()
    with Listening(drivers, judge, clock=clock, sleep=sleep) as listening:
        listening.until_ready(wait)
        findings += _devices(drivers)
        # Drivers keep the first packets back for a moment; the rate is counted after it.
        listening.listen(SETTLE)
        listening.heard.clear()
        listening.listen(listen)
        infos = [i for driver in drivers for i in driver.streams()]
        findings += _streams(infos, listening, listen, judge)
        findings += _senders(drivers)
        findings += [
            Finding("lsl", name, True, f"{why}; recordings expect this one from now on")
            for (_, name), why in listening.doubted.items()
        ]
    findings += _disk(out, infos)
    jump = (wall() - before[1]) - (clock() - before[0])
    text = f"wall clock and LSL clock went {abs(jump) * 1e3:.0f} ms apart during the check"
    findings.append(Finding("clock", "clock", abs(jump) < 0.5, text))
    return [*findings, _lsl(session)]


def _consent(session: Session) -> list[Finding]:
    """Tell what each person agreed to; a "no" is no fault."""
    findings = []
    for role in PEOPLE:
        consent = asdict(session.participant(role).consent)
        given = [name for name, said in consent.items() if said is True]
        findings.append(Finding("consent", str(role), True, f"agreed to {', '.join(given) or 'nothing'}"))
    return findings


def _plan(session: Session, drivers: Sequence[Driver], refusals: Sequence[str]) -> list[Finding]:
    """Tell what will be opened and what will not, and whether both hearts are on one person."""
    opened: dict[Role, list[str]] = {}
    for info in (i for driver in drivers for i in driver.streams()):
        if info.modality is not Modality.DEVICE_TIME:
            opened.setdefault(info.role, []).append(info.name)
    findings = [
        Finding("plan", str(role), True, f"will be opened: {', '.join(opened[role])}")
        for role in Role
        if role in opened
    ]
    findings += [Finding("plan", str(r), True, "nothing will be opened") for r in PEOPLE if r not in opened]
    for line in refusals:
        what, _, why = line.partition(": ")
        findings.append(Finding("plan", what, True, why.replace("is not opened", "will not be opened")))
    if doubt := lopsided(session.devices):
        findings.append(Finding("plan", "hearts", False, f"{doubt}: is each on the person who wears it?"))
    return findings


def _devices(drivers: Sequence[Driver]) -> list[Finding]:
    findings = []
    for driver in drivers:
        for keeper in driver.kept() if isinstance(driver, Keeping) else ():
            facts = ", ".join(f"{k} {v}" for k, v in keeper.facts.items())
            level = keeper.facts.get("battery", "").removesuffix(" %")
            low = level.isdecimal() and int(level) < BATTERY
            text = f"{facts}; the battery is low" if low else facts
            ok = keeper.streaming and not low
            findings.append(
                Finding("device", keeper.device.title, ok, text if keeper.streaming else keeper.fault)
            )
        if not isinstance(driver, Keeping):
            parts = (line.partition(": ") for line in missing_lines([driver]))
            findings += [Finding("device", what, False, why) for what, _, why in parts]
    return findings


def missing_lines(drivers: Sequence[Driver]) -> list[str]:
    """Return a line for each device that does not stream: why."""
    return [line for d in drivers if not d.ready() for line in d.missing()]


def _streams(
    infos: Sequence[StreamInfo], listening: Listening, seconds: float, judge: Judge | None
) -> list[Finding]:
    findings = []
    for info in infos:
        if info.modality in (Modality.DEVICE_TIME, Modality.MARKERS) or is_turns(info):
            continue
        chunks = listening.heard.get(info.key)
        if chunks is None:
            findings.append(Finding("stream", f"{info.role} {info.name}", False, "no samples"))
            continue
        samples = np.concatenate([np.asarray(c.samples, np.float64) for c in chunks])
        ok, text = verdict(info, samples, _covered(info, chunks, seconds))
        seen = judge.contact(info) if judge is not None else None
        if seen is not None:
            ok, text = ok and seen[0], f"{text}; {seen[1]}"
        findings.append(Finding("stream", f"{info.role} {info.name}", ok, text))
    return findings


def _covered(info: StreamInfo, chunks: Sequence[Chunk], seconds: float) -> float:
    """Return how many seconds these chunks cover by their stamps; packets come late, but not by `LATE`."""
    if not info.sfreq > 0:
        return seconds
    span = float(chunks[-1].times[-1] - chunks[0].times[0])
    return max(span + 1.0 / info.sfreq, seconds - LATE)


def _senders(drivers: Sequence[Driver]) -> list[Finding]:
    """Tell who the streams come from, and keep it: a recording compares its streams with that."""
    findings: list[Finding] = []
    remotes = [remote for driver in drivers if isinstance(driver, Identified) for remote in driver.remotes()]
    if remotes:
        remember(remotes)
        findings += _unlisted(remotes)
    findings += [Finding("lsl", r.source_id, True, f"comes from {r.host}, {r.outlet}") for r in remotes]
    return findings + [Finding("lsl", stream, True, words) for stream, _, words in exposures(remotes)]


def _unlisted(remotes: Sequence[Remote]) -> list[Finding]:
    """Name streams that are there, too, and that no recording of this session would open."""
    opened = {remote.source_id for remote in remotes}
    others = {str(r): r for r in resolve() if r.source_id not in opened}
    return [
        Finding("plan", r.name, True, f"will not be opened: on {r.host}, not in the session file")
        for r in others.values()
    ]


def protection_finding(session: Session) -> Finding:
    """Say whether the recording will be sealed, and whether it can be."""
    if not session.protection.sealed:
        return Finding("sealing", "files", True, f"{UNSEALED} ([protection] sealed = true seals it)")
    try:
        store = KeyStore(default_store())
        identity_of(store)
    except KeyStoreError as error:
        return Finding("sealing", "files", False, f"are to be sealed, and cannot be: {error}")
    return Finding("sealing", "files", True, f"will be sealed with keys of {store.path}")


def _disk(out: Path, infos: Sequence[StreamInfo]) -> list[Finding]:
    disk = DiskWatch(out)
    why = disk.preflight()
    if why:
        return [Finding("disk", str(out), False, why)]
    tight = disk.estimate(infos, 3600.0)
    return [Finding("disk", str(out), not tight, tight or "room for an hour and more")]


def _lsl(session: Session) -> Finding:
    """Tell who will be able to read what is published: an outlet is opened for a moment, and looked at."""
    publish = ", ".join(session.lsl.publish)
    if not publish:
        return Finding("lsl", "publish", True, "nothing is published over LSL")
    probe = Announcement(
        name="Attunement check",
        type="Check",
        sfreq=0.0,
        format="string",
        labels=("nothing",),
        units=("",),
        source_id=f"attunement-{session.id}-check",
    )
    try:
        configure(scope=session.lsl.scope, session_id=session.lsl.session_id)
        outlet = Outlet(probe)
    except (StreamError, RuntimeError) as error:
        return Finding("lsl", "publish", False, f"{publish}: nothing can be published: {error}")
    words = who_reads(outlet.ports)
    outlet.close()
    return Finding("lsl", "publish", True, f"{publish}: {words}")

"""Recordings of hard hours with their truth beside them, for benchmarks and for whoever tries a method.

python -m acquisition.simulation.hard_session OUT [--seed 1] [--sessions 1] [--minutes 50] [--easy]
[--set share=0.3 …]

Writes OUT/D<seed>_S<number>, a closed recording each, and OUT/D<seed>_S<number>.truth.json: the truth is no
part of a recording.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import fields, replace
from pathlib import Path

from acquisition.recorder.store import RecordingStore
from acquisition.session.session import Consent, Participant, Recorded, Session
from acquisition.session.toml import dump_session
from acquisition.simulation.dyad import Dyad, simulated_streams
from acquisition.simulation.hard import EASY, Hard, hard_script, truth_of
from acquisition.simulation.past import write_past
from acquisition.simulation.script import PAST, Script
from acquisition.stream import Chunk, StreamInfo
from acquisition.terminal import echo
from acquisition.tick import PERIOD

START = 1720.25
"""LSL time of the start of the live part [s]: the recording begins 720 s before."""
WALL = 1.7e9
AGREED = Consent(version="simulated", ecg=True, eda=True, acc=True, resp=True, voice=True)


def write_hard_session(
    folder: Path, seed: int, hard: Hard, streams: tuple[StreamInfo, ...] | None = None
) -> Path:
    """Write one session and its truth; return the recording.

    Parameters
    ----------
    folder : Path
        Parent of the recording.
    seed : int
        Of the dyad.
    streams : tuple of StreamInfo, optional
        What is recorded; all that simulated people send, if not said.
    """
    script = hard_script(seed, hard)
    path = folder / f"D{seed:02d}_S{hard.number:02d}"
    write_simulated(path, script, hard.minutes, number=hard.number, streams=streams)
    truth = path.with_name(f"{path.name}.truth.json")
    truth.write_text(json.dumps(truth_of(script, hard, START), indent=1, ensure_ascii=False), "utf-8")
    return path


def write_simulated(
    path: Path, script: Script, minutes: float, *, number: int, streams: tuple[StreamInfo, ...] | None = None
) -> None:
    """Write a closed recording of a script, named D<dyad>_S<session>.

    Parameters
    ----------
    minutes : float
        Of the live part.
    streams : tuple of StreamInfo, optional
        What is recorded; all that simulated people send, if not said.
    """
    chosen = simulated_streams() if streams is None else streams
    dyad = path.name.partition("_")[0]
    with RecordingStore(path, fsync=0.0) as store:
        session = Session(
            id=path.name,
            dyad=dyad,
            number=number,
            setting="room",
            crisis_contact="none: simulated people",
            client=Participant(f"C{dyad[1:]}", AGREED),
            therapist=Participant(f"T{dyad[1:]}", AGREED),
            recorded=Recorded(started=f"2026-01-{1 + number % 28:02d}T10:00:00+00:00", streams=chosen),
        )
        (path / "session.toml").write_text(dump_session(session), "utf-8")
        _write(store, script, chosen, minutes)


def _write(store: RecordingStore, script: Script, streams: tuple[StreamInfo, ...], minutes: float) -> None:
    """Write past, live part and all markers."""
    feed = write_past(store, Dyad(script, streams), START, wall=WALL)
    waiting = [e for e in script.events(START) if e.time > START - PERIOD]
    with store.bulk():
        for k in range(round(60.0 * minutes / PERIOD)):
            tick = START + PERIOD * k
            while waiting and waiting[0].time <= tick:
                store.event(waiting.pop(0))
            for item in feed.take(tick):
                if isinstance(item, Chunk):
                    store.samples(item.info, item.times, item.samples)
            store.tick(tick, WALL + PERIOD * k)


def _changed(hard: Hard, settings: list[str]) -> Hard:
    """Return parameters with NAME=VALUE settings applied."""
    kinds = {f.name: type(getattr(hard, f.name)) for f in fields(Hard)}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in kinds:
            raise SystemExit(f"{name}: no such setting (known: {', '.join(kinds)})")
        try:
            read = value in ("1", "true", "yes") if kinds[name] is bool else kinds[name](value)
        except ValueError:
            raise SystemExit(f"{setting}: not a number") from None
        hard = replace(hard, **{name: read})
    return hard


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=50.0, help="Of the recording, baselines included.")
    parser.add_argument("--easy", action="store_true", help="Without what is hard.")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="NAME=VALUE")
    given = parser.parse_args()
    hard = _changed(EASY if given.easy else Hard(), given.settings)
    given.out.mkdir(parents=True, exist_ok=True)
    for number in range(1, given.sessions + 1):
        one = replace(hard, number=number, minutes=given.minutes - PAST / 60.0)
        echo(str(write_hard_session(given.out, given.seed, one)))


if __name__ == "__main__":
    main()

"""Two people correct two recordings by the keys alone, and what becomes of RMSSD against the annotated beats.

python -m benchmarks.corrections_by_keys --data SHARED/data [--out DIR]

MIT-BIH 106 (30 min, 520 ventricular beats) and three minutes of a Polar H10 with a ventricular beat in
every third place. Each person goes from one doubtful place to the next and knows what the annotation says
(of the H10: the intervals of the strap): a beat that the editor takes for ectopic and that is normal is
accepted, one that is missing is inserted, a normal one that is ectopic is rejected; all others are right as
they are. R2 lets beats snap, R3 places them where the cursor is, to 0.01 s. The keys are worked out first on
a page off screen, then sent with xdotool to `attune view` on a display of its own (Xvfb); what is stored must
be what was worked out.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np

from acquisition.events.corrections import read_corrections
from acquisition.stream import FloatArray
from processing.correcting.matching import agreement, matched
from processing.heart.hrv import rmssd
from processing.heart.ibi import NORMAL, Intervals
from viewer.corrections.page import CorrectionPage

ATTUNE = (sys.executable, "-m", "viewer.cli")
NEAR = 0.06
"""A beat of the annotation is the one that is seen if it is so near [s]."""
AROUND = 0.05
"""So much to either side of a beat is accepted with it [s]."""
KEYS = {"[": "bracketleft", "]": "bracketright", ".": "period", ",": "comma", "Enter": "Return"}
AT_ONCE = 25
"""Keys that xdotool is given at a time."""


class Truth(NamedTuple):
    """Hold annotated beats [s since the first tick], and which are normal; nan where that is not known."""

    times: FloatArray
    normal: FloatArray

    def nn(self) -> FloatArray:
        """Return intervals between normal beats in a row [ms], nan elsewhere."""
        out = 1e3 * np.diff(self.times, prepend=np.nan)
        out[(self.normal != 1) | (np.append(0, self.normal[:-1]) != 1)] = np.nan
        return out


def annotated(data: Path) -> Truth:
    """Return the annotation of MIT-BIH 106."""
    with np.load(data / "ecg" / "mitdb_106.npz") as file:
        return Truth(file["beats"] / float(file["sfreq"]), (file["symbols"] == "N").astype(np.float64))


def strapped(data: Path, beats: FloatArray) -> Truth:
    """Return what the strap of the H10 says: its intervals, laid on the beats of the ECG where both agree.

    A beat is ectopic if its interval is under 0.8 of the median of the seven around it, and not known after
    one over 1.25 of it that follows no ectopic beat: there the strap has missed one.
    """
    with np.load(data / "cases" / "signals" / "h10_trigeminy.npz") as file:
        told = file["device_rr_ms"] / 1e3
    ours = np.diff(beats)
    n = len(ours)
    first = int(np.argmin([np.median(np.abs(told[k : k + n] - ours)) for k in range(min(len(told) - n, 40))]))
    told = told[first : first + n]
    times = beats[0] + np.append(0.0, np.cumsum(told))
    times += np.median(beats - times)
    usual = np.array([np.median(told[max(0, k - 3) : k + 4]) for k in range(n)])
    early = told < 0.8 * usual
    missed = (told > 1.25 * usual) & ~np.append(False, early[:-1])
    return Truth(times, np.append(np.nan, np.where(missed, np.nan, ~early)))


class Person:
    """Press keys on a page, and remember them."""

    def __init__(self, page: CorrectionPage, truth: Truth, *, snaps: bool) -> None:
        self.page, self.truth, self.snaps = page, truth, snaps
        self.keys: list[str] = []

    def press(self, key: str) -> None:
        """Press a key."""
        page, acts = self.page, self.page.acts
        does = {
            ".": lambda: page.place(1),
            "Enter": acts.keep,
            "I": acts.insert,
            "alt+i": lambda: acts.insert(keep=True),
            "R": acts.reject,
            "A": acts.accept,
            "Home": lambda: page.go_to(0.0),
            "Right": lambda: page.turn_page(0.5),
            "Left": lambda: page.turn_page(-0.5),
            "shift+Left": lambda: page.step(-0.1),
            "shift+Right": lambda: page.step(0.1),
            "ctrl+Left": lambda: page.step(-0.01),
            "ctrl+Right": lambda: page.step(0.01),
        }
        does[key]()
        self.keys.append(key)

    def to(self, seconds: float) -> None:
        """Bring the cursor to a moment, by the larger steps first."""
        for size, back, on in (
            (5.0, "Left", "Right"),
            (0.1, "shift+Left", "shift+Right"),
            (0.01, "ctrl+Left", "ctrl+Right"),
        ):
            while abs(seconds - self.page.view.cursor) > 0.55 * size:
                before = self.page.view.cursor
                self.press(on if seconds > before else back)
                if self.page.view.cursor == before:
                    break

    def correct(self) -> None:
        """Go through the doubtful places, then to the beats that are missing."""
        self.press("Home")
        self.press(".")
        while True:
            at = self.page.view.cursor
            self.decide()
            lane, done = self.page.desk_lane, self.page.done
            left = [p for p, d in zip(lane.places, done, strict=True) if not d and p.time > at + 1e-6]
            if not left:
                break
            if self.keys[-1] != "Enter":  # which goes on by itself
                self.press(".")
        for time_ in self.missing():
            self.to(time_)
            self.press("I" if self.snaps else "alt+i")

    def decide(self) -> None:
        """Correct the place where the cursor is, or find it right."""
        at = self.page.view.cursor
        k = int(np.argmin(np.abs(self.truth.times - at)))
        seen = abs(float(self.truth.times[k]) - at) < NEAR
        classes = self.page.signal.classes
        kind = classes.get(
            min(classes, key=lambda t: abs(t - self.page.signal.t0 - at), default=math.nan), NORMAL
        )
        chosen = self.page.view.chosen == self.page.view.chosen
        if seen and chosen and self.truth.normal[k] == 1 and kind != NORMAL:
            self.to(at - AROUND)
            self.press("A")
            self.to(at + AROUND)
            self.press("A")
        elif seen and chosen and self.truth.normal[k] == 0 and kind == NORMAL:
            self.press("R")
        else:
            self.press("Enter")

    def missing(self) -> list[float]:
        """Return the annotated beats that nothing marks [s since the first tick]."""
        lane = self.page.desk_lane
        there = lane.beat_times() - self.page.signal.t0
        found = matched(there, self.truth.times)
        left = np.setdiff1d(np.arange(len(self.truth.times)), found.other)
        return [float(t) for t in self.truth.times[left] if t < self.page.strip.length]


def rehearse(recording: Path, folder: Path, who: str, truth: Truth) -> list[str]:
    """Work out the keys of a person on a page off screen; what they store goes into a folder."""
    from viewer.corrections.bench import read_bench
    from viewer.corrections.desk import CorrectionDesk
    from viewer.opening import filled
    from viewer.theme import DARK
    from viewer.window import application

    application()
    model = filled(recording)
    bench = read_bench(recording, lambda *key: model.traces.get(key))
    numbers = iter(range(10**9))
    page = CorrectionPage(
        DARK,
        title="",
        people={"client": "Client"},
        read=lambda: bench,
        open_desk=lambda b: CorrectionDesk(folder, b, clock=lambda: str(next(numbers))),
        leave=lambda: None,
        keep_who=lambda w: None,
        who=who,
    )
    page.resize(1280, 660)
    page.wait()
    person = Person(page, truth, snaps=who == "R2")
    person.correct()
    page.close_page()
    return person.keys


def replay(recording: Path, who: str, keys: list[str], display: str, wanted: int) -> float:
    """Send the keys to a window on a display of its own; return how long that took [s]."""
    settings = tempfile.mkdtemp()
    env = os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "XDG_CONFIG_HOME": settings}
    window = subprocess.Popen((*ATTUNE, "view", str(recording), "--editor", who), env=env)
    try:
        found = ""
        while not found:
            time.sleep(0.5)
            search = ("xdotool", "search", "--onlyvisible", "--name", "Attunement")
            found = subprocess.run(search, env=env, capture_output=True, text=True).stdout.split("\n")[0]
        for _ in range(12):  # until the recording is read, processed, and its beats are found
            time.sleep(1.0)
            _caught_up(window.pid)
        subprocess.run(("xdotool", "windowfocus", "--sync", found), env=env, check=True)
        begun = time.perf_counter()
        named = [_named(key) for key in keys]
        for k in range(0, len(named), AT_ONCE):
            subprocess.run(("xdotool", "key", "--delay", "30", *named[k : k + AT_ONCE]), env=env, check=True)
            _caught_up(window.pid)
        for _ in range(600):
            if len(read_corrections(recording)) >= wanted:
                break
            time.sleep(0.2)
        return time.perf_counter() - begun
    finally:
        window.terminate()
        window.wait()
        shutil.rmtree(settings, ignore_errors=True)


def _named(key: str) -> str:
    """Return a key as xdotool calls it."""
    return KEYS.get(key, key.lower() if len(key) == 1 else key)


def _caught_up(pid: int) -> None:
    """Wait until a process has nothing to do: its processor time stands still."""
    last = -1.0
    while True:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        now = int(fields[11]) + int(fields[12])
        if now - last <= 4 and last >= 0:
            return
        last = now
        time.sleep(0.12)


def told(recording: Path, name: str, people: list[str], truth: Truth) -> None:
    """Print RMSSD before and after, and how far the people agree."""
    from processing.correcting.standing import read_standing, standing_of

    plain = read_standing(recording, "client", "")
    rows = {"as detected": plain} | {who: standing_of(plain, recording, "client", who) for who in people}
    print(f"{name}: annotated beats {len(truth.times)}, RMSSD of all NN intervals {rmssd(truth.nn()):.2f} ms")
    for who, standing in rows.items():
        beats: Intervals = standing.rows.beats
        both = matched(beats.times - plain.begin, truth.times)
        nn = np.isfinite(truth.nn()[both.other]) != np.isfinite(beats.values[both.one])
        kinds = np.mean((beats.classes[both.one] == NORMAL) == (truth.normal[both.other] == 1))
        print(
            f"  {who}: RMSSD {rmssd(beats.values):.2f} ms; {len(both.one)} of {len(truth.times)} beats, "
            f"{100 * kinds:.2f} % of them of the annotated kind; {int(nn.sum())} intervals NN in one alone"
        )
    found = agreement(
        *(rows[who].rows for who in people), plain.begin, plain.begin + plain.seconds, has_shapes=True
    )
    print(
        f"  R2 and R3: {found.share:.2f} % of beats within 50 ms, "
        f"{found.apart:.2f} ms apart, at most {found.farthest:.1f}"
    )


def main() -> None:
    """Rehearse, replay, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--display", default=":77")
    given = parser.parse_args()
    out = given.out or Path(tempfile.mkdtemp())
    screen = subprocess.Popen(
        ("Xvfb", given.display, "-screen", "0", "1280x720x24"), stderr=subprocess.DEVNULL
    )
    cases = (
        ("106", given.data / "ecg" / "mitdb_106.npz", "client:ecg:mV:360=ecg", ()),
        (
            "h10",
            given.data / "cases" / "signals" / "h10_trigeminy.npz",
            "client:ecg:mV:130=ecg",
            ("--time", "time"),
        ),
    )
    try:
        for name, file, stream, more in cases:
            recording = out / name
            shutil.rmtree(recording, ignore_errors=True)
            subprocess.run(
                (*ATTUNE, "import", str(file), *more, "--stream", stream, "--out", str(recording)), check=True
            )
            one(recording, name, given.data, given.display, out)
    finally:
        screen.terminate()
        screen.wait()


def one(recording: Path, name: str, data: Path, display: str, out: Path) -> None:
    """Let both people correct one recording."""
    from processing.correcting.standing import read_standing

    plain = read_standing(recording, "client", "")
    truth = annotated(data) if name == "106" else strapped(data, plain.rows.beats.times - plain.begin)
    for who in ("R2", "R3"):
        folder = out / f"{name}_{who}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "corrections.jsonl").unlink(missing_ok=True)
        keys = rehearse(recording, folder, who, truth)
        planned = read_corrections(folder)
        there = len(read_corrections(recording))
        took = replay(recording, who, keys, display, there + len(planned))
        stored = [c for c in read_corrections(recording) if c.who == who]
        same = [(c.op, c.moments) for c in stored] == [(c.op, c.moments) for c in planned]
        ops = {op: sum(c.op == op for c in stored) for op in sorted({c.op for c in stored})}
        print(
            f"{name} by {who}: {len(keys)} keys in {took:.0f} s, stored {ops}; "
            f"as worked out beforehand: {same}"
        )
    told(recording, name, ["R2", "R3"], truth)


if __name__ == "__main__":
    main()

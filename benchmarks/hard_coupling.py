"""How much of a coupling there is to find in hard hours: in what is coupled alone, and beside all else.

OPENBLAS_NUM_THREADS=1 python -m benchmarks.hard_coupling [--n 100] [--seed 5000] [--shares 0.3 0.5]

The hours of `benchmarks.hard_sessions --kind coupled`, second by second from what was put in, without samples
and estimators. Couplings of the simulated dyad are those of its slow signals; heart rate holds breathing,
waves and pushes beside, the level little but drift. "Slow alone" is what a test could find if nothing else
moved heart and skin. Printed as Markdown, in % of hours: p ≤ .05, and p ≤ .0167, what one of three signals
needs to be stated; "left": segments that common events leave.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from acquisition.simulation import truth
from acquisition.simulation.hard import Hard, hard_script
from acquisition.simulation.script import TALK, Script
from acquisition.stream import FloatArray, Role
from processing.coupling.common import Marked
from processing.coupling.config import SynchronyConfig
from processing.coupling.deciding import decide
from processing.coupling.statement import Pair, compared
from processing.indices import SIGNALS

BOTH = (Role.THERAPIST, Role.CLIENT)
SLOW = {"hr": ("slow_hr", "hr_lag"), "scl": ("slow_ln_scl", "eda_lag")}
CONFIG = SynchronyConfig()
NEEDED = 0.05 / 3.0


def slow(script: Script, role: Role, signal: str, t: FloatArray) -> FloatArray:
    """Return the part of a signal that is coupled."""
    own, lag = SLOW[signal]
    me, you = truth.person(script, role), truth.person(script, truth.other(role))
    return truth.coupled(script, role, t, getattr(me, own), getattr(you, own), lag)


def whole(script: Script, role: Role, signal: str, t: FloatArray) -> FloatArray:
    """Return all of a signal."""
    return 60.0 / truth.rr(script, role, t) if signal == "hr" else truth.ln_scl(script, role, t)


def spoken(script: Script, role: Role, t: FloatArray) -> FloatArray:
    """Return 1 where a person speaks."""
    said = np.zeros(len(t))
    for turn in script.turns(float(t[0]), float(t[-1])):
        if turn.role is role:
            said[(t >= turn.start) & (t < turn.stop)] = 1.0
    return said


def p_values(seed: int, hard: Hard, signal: str) -> list[float]:
    """Return p of the slow parts alone, in all segments and in those left, of all in those left; how many."""
    script, rule, shape = hard_script(seed, hard), SIGNALS[signal], CONFIG.shape(signal)
    t = np.arange(TALK[1] * rule.sfreq, (60.0 * hard.minutes - 5.0) * rule.sfreq) / rule.sfreq
    course = script.course
    assert course is not None
    marks = np.sort([m.start for m in course.marks if m.actor == "dyad"])
    cut = {"reach": shape.max_lag, "window": shape.window, "n": len(t)}
    segments = Marked(moments=marks, skipped=()).segments(**cut, begin=float(t[0]), sfreq=rule.sfreq)
    parts = [slow(script, role, signal, t) for role in BOTH]
    x, y = (whole(script, role, signal, t) for role in BOTH)
    said = [spoken(script, role, t) for role in BOTH]
    free = Pair(x=x, y=y, x_speaks=said[0], y_speaks=said[1]).without_speech(
        segments.taken, shape.window, sfreq=rule.sfreq, courses=rule.courses
    )
    compare = ((parts, segments.ends), (parts, segments.taken), (free, segments.taken))
    found = [decide(compared(a, b, ends, shape)[0]).p for (a, b), ends in compare]
    return [*found, len(segments.taken), len(segments.ends)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--seed", type=int, default=5000)
    parser.add_argument("--shares", nargs="+", type=float, default=(0.0, 0.3, 0.4, 0.5))
    parser.add_argument("--minutes", type=float, default=38.0, help="After the baselines.")
    given = parser.parse_args()
    print("| share | signal | slow alone, all segments | slow alone, left | all, left | left | hours |")
    print("|---" * 7 + "|")
    for share in given.shares:
        hard = replace(Hard(), share=share, minutes=given.minutes)
        for signal in SLOW:
            found = np.array([p_values(given.seed + k, hard, signal) for k in range(given.n)])
            cells = [
                f"{100 * np.mean(p <= 0.05):.0f} / {100 * np.mean(p <= NEEDED):.0f}" for p in found[:, :3].T
            ]
            left, every = found[:, 3:].mean(axis=0)
            of = f"{left:.0f} of {every:.0f}"
            print(f"| {share:g} | {signal} | {' | '.join(cells)} | {of} | {given.n} |", flush=True)


if __name__ == "__main__":
    main()

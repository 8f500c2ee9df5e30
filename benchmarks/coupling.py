"""How often coupling is stated of people who are not coupled, and found of those who are.

    OPENBLAS_NUM_THREADS=1 nice python -m benchmarks.coupling [--n 400] [--seed 1000] [--rows turns …]

Simulated hours of 50 min, heart rate at 4 Hz and skin conductance at 1 Hz (what is in them:
tests/processing/coupling/talking_hours.py), fresh ones for each seed, through what the product decides with:
looks at minutes 10, 15 … 50, and the whole hour. Printed as Markdown, in % of hours: for each signal p ≤ .05
of the whole hour and a leader named in it (without Holm); any signal stated for the whole hour (Holm) and at
any look (p ≤ .001).
"""

from __future__ import annotations

import argparse
import os
import zlib

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from processing.coupling.common import Marked, Segments
from processing.coupling.config import SynchronyConfig
from processing.coupling.deciding import decide
from processing.coupling.statement import Looks, Pair, compared, leading_side, rule_of
from processing.indices import SIGNALS
from processing.surrogates.fdr import holm
from tests.processing.coupling.talking_hours import (
    TalkingHour,
    marked_by_hand,
    misheard,
    on_fast_grid,
    on_slow_grid,
    slopes,
    talking_hour,
)

ROWS = (
    "turns", "independent", "turns, 5 % misheard", "turns events15, left out", "turns drift", "coupled turns",
    "coupled turns, 5 % misheard", "events15, left out", "events30, left out",
    "coupled turns events15, left out", "coupled", "coupled turns events30, left out", "drift",
    "events15, not marked", "turns, speech not taken out",
)  # fmt: skip
LIVE = ROWS[:7]
"""Rows that are looked at live, too, which costs six times as much."""
TESTED = tuple(name for name, rule in SIGNALS.items() if not rule.untested)


def pairs(hour: TalkingHour, speech: np.ndarray) -> dict[str, Pair]:
    """Return both people's signals and speech on the grid of each signal."""
    fast, slow = ([on(s) for s in speech] for on in (on_fast_grid, on_slow_grid))
    signals = {"hr": hour.hr, "scl": hour.scl, "sclslope": np.array([slopes(v) for v in hour.scl])}
    return {
        name: Pair(x=x, y=y, x_speaks=said[0], y_speaks=said[1])
        for name, (x, y) in signals.items()
        for said in [fast if name == "hr" else slow]
    }


def judged(name: str, pair: Pair, marks: np.ndarray, config: SynchronyConfig, live: bool) -> list[float]:
    """Return p and leader of the whole hour, the least p of a look, a leader of a look, share of segments."""
    signal, shape, rule = SIGNALS[name], config.shape(name), rule_of(name, config)
    marked = Marked(moments=np.sort(marks), skipped=())

    def cut(n: int) -> Segments:
        return marked.segments(reach=shape.max_lag, window=shape.window, n=n, begin=0.0, sfreq=signal.sfreq)

    looks, said = Looks(shape, rule), []
    minutes = np.arange(config.first_look, config.last_look + 1.0, config.look_every) if live else []
    for until in np.asarray(minutes) * signal.sfreq:
        upto = int(until)
        part = Pair(
            x=pair.x[:upto],
            y=pair.y[:upto],
            x_speaks=pair.x_speaks[:upto],
            y_speaks=pair.y_speaks[:upto],
        )
        said.append(looks.look(part, cut(upto)))
    whole = cut(len(pair.x))
    taken = whole.taken
    x, y = pair.without_speech(taken, shape.window, sfreq=signal.sfreq, courses=signal.courses)
    found = decide(compared(x, y, taken, shape)[0])
    led = [s.leader for s in said if abs(s.leader) > 0.0]
    p_live = np.nanmin([s.p for s in said] + [1.0]) if live else np.nan
    return [found.p, leading_side(found, rule), p_live, float(np.sign(sum(led))), found.n / len(whole.ends)]


def run(row: str, n: int, seed: int) -> np.ndarray:
    """Return what was judged of n hours, shape (n, signals, 5)."""
    config, out = SynchronyConfig(), []
    for k in range(n):
        rng = np.random.default_rng([seed, zlib.crc32(row.encode()), k])
        hour = talking_hour(row, rng)
        heard = misheard(hour.speech, rng) if "misheard" in row else hour.speech
        if "not taken out" in row:
            heard = np.zeros_like(heard)
        marks = marked_by_hand(hour.events, rng) if "left out" in row else np.empty(0)
        of = pairs(hour, heard)
        out.append([judged(name, of[name], marks, config, row in LIVE) for name in TESTED])
    return np.array(out)


def line(row: str, found: np.ndarray, p_stated: float) -> str:
    """Return a row of the table."""
    p, leader, live, live_leader, share = np.moveaxis(found, 2, 0)
    adjusted = np.array([holm(each) for each in p])
    cells = [
        f"{100 * np.mean(p[:, k] <= 0.05):.1f} / {100 * np.mean(leader[:, k] != 0):.1f}"
        for k in range(p.shape[1])
    ]
    named = leader[leader != 0]
    right = f"{100 * np.mean(named > 0):.1f}" if "coupled" in row and len(named) else "–"
    looked = np.isfinite(live).all()
    any_live, each_live = np.mean((live <= p_stated).any(axis=1)), np.mean(live <= p_stated, axis=0)
    cells += [
        right,
        f"{100 * np.mean((adjusted <= 0.05).any(axis=1)):.1f}",
        f"{100 * any_live:.1f} ({' '.join(f'{100 * v:.1f}' for v in each_live)})" if looked else "–",
        f"{100 * np.mean((live_leader != 0).any(axis=1)):.1f}" if looked else "–",
        f"{100 * share.mean():.0f}",
    ]
    return f"| {row} | {' | '.join(cells)} | {len(found)} |"


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS)
    given = parser.parse_args()
    titles = " | ".join(f"{SIGNALS[name].title}: p ≤ .05 / leader" for name in TESTED)
    print(
        f"| pairs | {titles} | leader right, of named | any stated, whole hour | any stated live (each) "
        "| any leader live | segments used | hours |"
    )
    print("|---" * 10 + "|")
    for row in given.rows:
        print(line(row, run(row, given.n, given.seed), SynchronyConfig().p_stated), flush=True)


if __name__ == "__main__":
    main()

"""Do the leads of one heart agree? Recordings without labels judge RMSSD, too: all leads see the same beats.

    python -m benchmarks.leads FILE.hea ... [--rate 130]

Of each lead: minutes of RMSSD with a value at quality 0.5 or better, as a share of its beats; of these, more
than 20 % off the median of the other leads' values at the same beat; the median RMSSD; beats that no other
lead has within 150 ms. Of a lead that all others contradict, it is the lead that is wrong; of two, either may
be.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from acquisition.stream import FloatArray
from benchmarks.labelled import at_rate
from benchmarks.labelled_beats import Result, ours
from benchmarks.wfdb_files import read_leads

SAME = 0.15
"""Marks so near to each other are of one beat [s]."""
LARGE = 0.2


def at_beats(of: Result, beats: FloatArray) -> FloatArray:
    """Return RMSSD of a lead at another's beats; nan where it has none, or no such beat."""
    if len(of.beats) < 2:
        return np.full(len(beats), np.nan)
    k = np.clip(np.searchsorted(of.beats, beats), 1, len(of.beats) - 1)
    k -= beats - of.beats[k - 1] < of.beats[k] - beats
    return np.where(np.abs(of.beats[k] - beats) < SAME, of.rmssd[k], np.nan)


def row(name: str, mine: Result, others: list[Result]) -> str:
    """Return one row of the table."""
    beside = np.array([at_beats(other, mine.beats) for other in others])
    known = np.isfinite(beside).any(axis=0) & np.isfinite(mine.rmssd)
    usual = np.nanmedian(beside[:, known], axis=0)
    off = np.abs(mine.rmssd[known] - usual) > LARGE * usual
    given = np.isfinite(mine.rmssd)
    alone = np.ones(len(mine.beats), np.bool_)
    for other in others:
        if len(other.beats):
            alone &= np.abs(mine.beats[:, None] - other.beats).min(axis=1) > SAME
    share = 100.0 * off.mean() if len(off) else np.nan
    level = np.median(mine.rmssd[given]) if given.any() else np.nan
    return f"| {name} | {100 * given.mean():.1f} | {share:.1f} | {level:.1f} | {alone.sum()} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="headers of records with several leads")
    parser.add_argument("--rate", type=float, help="resample to so many Hz")
    options = parser.parse_args()
    print("| lead | RMSSD given % | of these > 20 % off the others | median ms | beats of it alone |")
    print("|---|---|---|---|---|")
    for path in options.files:
        leads = [at_rate(lead, options.rate) for lead in read_leads(path, whole=True)]
        found = [ours(lead) for lead in leads]
        for k, lead in enumerate(leads):
            print(row(lead.name, found[k], found[:k] + found[k + 1 :]), flush=True)


if __name__ == "__main__":
    main()

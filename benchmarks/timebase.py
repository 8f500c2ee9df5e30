"""Measure the time base on stamps that are wrong in a known way, and what it costs.

    python -m benchmarks.timebase                    # the table of docs/benchmarks.md, two minutes
    python -m benchmarks.timebase --scan             # short chunks of 4-64 at 250-1000 Hz, four minutes
    python -m benchmarks.timebase FILE.xdf …         # real files against pyxdf's dejittering

A simulated stream of three minutes for each kind of stamps. Errors of intervals are those between moments
about 0.85 s apart, after 15 s, standard deviation and largest [ms]; losses as found and as there are; delay
is how much later than they came samples were settled, median and largest after 5 s [s]; cost is CPU seconds
for an hour of the stream, in batches of five minutes as `attune process` does, and of 0.1 s as done live.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.base import TimeBase
from acquisition.timebase.lay import Whole, lay
from tests.acquisition.timebase.stamped import (
    PACKET,
    SECONDS,
    Stamped,
    bursts,
    changed_rate,
    changing,
    chunked,
    deduced,
    even,
    interval_errors,
    jittered,
    late_packets,
    only_last,
    rounded,
    shared,
    stalling,
    stream,
    uneven,
)

CASES: dict[str, Callable[[], Stamped]] = {
    "bursts of 73": lambda: stream(bursts),
    "bursts, rate 0.5 % off": lambda: stream(bursts, off=0.005),
    "bursts, a packet lost every 20 s": lambda: stream(bursts, lost=PACKET),
    "bursts, 36 of 73 lost every 20 s": lambda: stream(bursts, lost=36),
    "packets 85 ms late, one lost": lambda: late_packets(PACKET, "exponential", 0.15, lost=True),
    "packets 170 ms late, one lost": lambda: late_packets(PACKET, "exponential", 0.3, lost=True),
    "packets late by up to 0.45 s, one lost": lambda: late_packets(PACKET, "uniform", 0.8, lost=True),
    "one stamp for all of a packet": lambda: stream(shared),
    "stamps of a packet deduced": lambda: stream(deduced(130.0)),
    "chunks of 10 at 250 Hz, late 5 ms": lambda: stream(chunked(10, 0.005, 250.0), sfreq=250.0),
    "chunks of 32 at 1000 Hz, late 2 ms": lambda: stream(chunked(32, 0.002, 1000.0), sfreq=1000.0),
    "chunks of 50 at 512 Hz, one lost": lambda: stream(chunked(50, 0.002, 512.0), sfreq=512.0, lost=50),
    "only the last of a packet stamped": lambda: stream(only_last),
    "rounded to 1 ms, 130 Hz": lambda: stream(rounded),
    "rounded to 1 ms, 256 Hz": lambda: stream(rounded, sfreq=256.0),
    "jitter 3 ms, 130 Hz": lambda: stream(jittered(0.003)),
    "jitter 3 ms, 1000 Hz": lambda: stream(jittered(0.003), sfreq=1000.0),
    "jitter 3 ms, rate 0.5 % off": lambda: stream(jittered(0.003), off=0.005),
    "jitter 3 ms, says 250, sends 130": lambda: stream(jittered(0.003), says=250.0),
    "bursts, says 250, sends 130": lambda: stream(bursts, says=250.0),
    "jitter 3 ms, 8 s gap, 0.5 % off": lambda: stream(jittered(0.003), off=0.005, gap=8.0),
    "true steps of 6 and 8 ms": uneven,
    "exact, 1 lost at 1000 Hz": lambda: stream(even, sfreq=1000.0, lost=1),
    "exact, 1 lost at 130 Hz": lambda: stream(even, lost=1),
    "jitter 1 ms, 1 lost at 1000 Hz": lambda: stream(jittered(0.001), sfreq=1000.0, lost=1),
    "jitter 3 ms, 1 lost at 130 Hz": lambda: stream(jittered(0.003), lost=1),
    "jitter 3 ms, 10 lost at 130 Hz": lambda: stream(jittered(0.003), lost=10),
    "rounded, 36 lost at 360 Hz": lambda: stream(rounded, sfreq=360.0, lost=36),
    "pushes stall 0.4 s every 20 s": lambda: stream(stalling(0.4)),
    "pushes stall 1.0 s every 20 s": lambda: stream(stalling(1.0)),
    "even, after a minute bursts": lambda: changing(even, bursts),
    "jitter 3 ms, after a minute bursts": lambda: changing(jittered(0.003), bursts),
    "bursts, after a minute even": lambda: changing(bursts, even),
    "even, after a minute jitter 3 ms": lambda: changing(even, jittered(0.003)),
    "rounded, after a minute deduced": lambda: changing(rounded, deduced(130.0)),
    "deduced, after a minute bursts": lambda: changing(deduced(130.0), bursts),
    "jitter 3 ms, then 1 % faster": lambda: changed_rate(jittered(0.003), 0.01, seconds=SECONDS),
    "jitter 3 ms, then 1 % slower": lambda: changed_rate(jittered(0.003), -0.01, seconds=SECONDS),
    "bursts, then 1 % faster": lambda: changed_rate(bursts, 0.01, seconds=SECONDS),
}
COSTS: dict[str, Callable[[], Stamped]] = {
    "exact": lambda: stream(even, seconds=3600.0),
    "jitter 3 ms": lambda: stream(jittered(0.003), seconds=3600.0),
    "bursts": lambda: stream(bursts, seconds=3600.0),
    "chunks of 10": lambda: stream(chunked(10, 0.002, 130.0), seconds=3600.0),
    "uneven": lambda: uneven(seconds=3600.0),
    "exact, 1000 Hz": lambda: stream(even, sfreq=1000.0, seconds=3600.0),
}


def main() -> None:
    """Print the table, or the comparison with files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--scan", action="store_true", help="chunks of many sizes, rates and delays")
    options = parser.parse_args()
    if options.scan:
        scan()
        return
    files = options.files
    if files:
        for path in files:
            compare(path)
        return
    print(f"{'stamps':36s}{'error [ms]':>14s}{'losses':>10s}{'delay [s]':>14s}  manner")
    for name, make in CASES.items():
        sent = make()
        found = lay(sent.stamps, sent.sfreq)
        errors = interval_errors(sent, found)
        losses = f"{len(found.account.losses)}/{len(sent.lost) + ('gap' in name)}"
        middle, most = delay(sent)
        print(
            f"{name:36s}{np.std(errors):7.2f} /{np.abs(errors).max():5.1f}{losses:>10s}"
            f"{middle:8.2f} /{most:4.2f}  {found.account.manner}"
            + "".join(f"; {remark.message}" for remark in found.account.remarks)
        )
    print("\nCPU s an hour, in batches / live")
    for name, make in COSTS.items():
        sent = make()
        print(f"{name:36s}{cost(sent, 300.0):7.3f} /{cost(sent, 0.1):6.2f}")


def scan() -> None:
    """Print errors of intervals and false losses of short chunks by rate, size and mean lateness."""
    print(f"{'Hz':>5s}{'size':>6s}  sd / largest error [ms], false losses; chunks late by 1, 2, 5, 10 ms")
    for sfreq in (250.0, 500.0, 1000.0):
        for size in (4, 8, 16, 32, 64):
            cells = []
            for late in (0.001, 0.002, 0.005, 0.010):
                sent = stream(chunked(size, late, sfreq), sfreq=sfreq)
                found = lay(sent.stamps, sfreq)
                errors = interval_errors(sent, found)
                cells.append(
                    f"{np.std(errors):6.2f} /{np.abs(errors).max():6.1f}, {len(found.account.losses)}"
                    f" ({found.account.manner})"
                )
            print(f"{sfreq:5.0f}{size:6d}  " + "  ".join(cells), flush=True)


def delay(sent: Stamped) -> tuple[float, float]:
    """Return how much later than they came samples were settled, median and largest [s]."""
    settled = TimeBase(sent.sfreq).push(sent.stamps).settled
    sfreq = (len(sent.true) - 1) / (sent.true[-1] - sent.true[0])
    waited = (settled - np.arange(len(settled)))[int(5 * sfreq) :] / sfreq
    return float(np.median(waited)), float(waited.max())


def cost(sent: Stamped, seconds: float) -> float:
    """Return CPU seconds for the stream in batches of so many seconds."""
    size = max(1, round(seconds * len(sent.true) / (sent.true[-1] - sent.true[0])))
    base, begin = TimeBase(sent.sfreq), time.process_time()
    for at in range(0, len(sent.stamps), size):
        base.push(sent.stamps[at : at + size], sent.true[at : at + size])
    return time.process_time() - begin


def compare(path: Path) -> None:
    """Print intervals on each regular stream of an XDF file against those on pyxdf's dejittered stamps."""
    import pyxdf

    raw, _ = pyxdf.load_xdf(str(path), dejitter_timestamps=False)
    even_, _ = pyxdf.load_xdf(str(path), dejitter_timestamps=True)
    for one, other in zip(raw, even_, strict=True):
        stamps: FloatArray = np.asarray(one["time_stamps"], np.float64)
        sfreq = float(one["info"]["nominal_srate"][0])
        if sfreq <= 0 or len(stamps) < 100:
            continue
        found: Whole = lay(stamps, sfreq)
        offline = np.asarray(other["time_stamps"], np.float64)
        sent = Stamped(true=offline, stamps=stamps, sfreq=sfreq, lost=np.empty(0, np.int64))
        after = min(15.0, (offline[-1] - offline[0]) / 4)
        errors = interval_errors(sent, found, after=after)
        print(
            f"{path.name} {one['info']['name'][0]}: {found.account.manner}, {np.std(errors):.2f} / "
            f"{np.abs(errors).max():.1f} ms, {'; '.join(found.account.lines())}"
        )


if __name__ == "__main__":
    main()

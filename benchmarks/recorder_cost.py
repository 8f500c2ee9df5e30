"""Cost of the recorder: eight streams, two of them ECG at 1000 Hz. Goals: ≤ 3 % of a core, ≤ 80 MB.

    python benchmarks/recorder_cost.py [--seconds 60] [--lsl]

The recorder is a process of its own; its CPU time counts from its first tick on, without the start of Python.
With --lsl the streams come from outlets in another process, which is not counted.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from acquisition.drivers import Drained, SignsOf, unopened
from acquisition.lsl.clock import local_clock
from acquisition.recorder.begin import record
from acquisition.recorder.listener import Listener, Status
from acquisition.session.profile import load_profile
from acquisition.session.session import Consent, Device, LslSettings, Participant, Session
from acquisition.stream import Chunk, Modality, Role, StreamInfo

STREAMS = (
    (Modality.ECG, 1000.0, "mV"),
    (Modality.EDA, 16.0, "uS"),
    (Modality.RESP, 25.0, ""),
    (Modality.RR, 0.0, "ms"),
)
BEAT = 0.8
"""Seconds between RR intervals."""
SCOPE = "recordercost"


def stream_infos() -> list[StreamInfo]:
    """Return the eight streams."""
    return [
        StreamInfo(
            name=str(m),
            role=role,
            modality=m,
            sfreq=sfreq,
            unit=unit,
            channels=(m,),
            source_id=f"bench-{role}-{m}",
        )
        for role in (Role.CLIENT, Role.THERAPIST)
        for m, sfreq, unit in STREAMS
    ]


class Synthetic:
    """Send noise on time."""

    def __init__(self) -> None:
        self._infos = stream_infos()
        self._rng = np.random.default_rng(1)
        self._sent: dict[tuple[Role, str], int] = {}

    def streams(self) -> list[StreamInfo]:
        """Return the streams."""
        return self._infos

    def ready(self) -> bool:
        """Return true."""
        return True

    def missing(self) -> list[str]:
        """Return the streams whose properties are not known."""
        return unopened(self.streams())

    def signs(self) -> SignsOf:
        """Return nothing."""
        return {}

    def start(self) -> None:
        """Begin with the sample that is due next."""
        self._sent = {i.key: int(local_clock() * _rate(i)) for i in self._infos}

    def drain(self) -> list[Drained]:
        """Return what is due."""
        now, out = local_clock(), list[Drained]()
        for i in self._infos:
            begin, end = self._sent[i.key], int(now * _rate(i))
            self._sent[i.key] = end
            if end > begin:
                times = np.arange(begin, end) / _rate(i)
                out.append(Chunk(i, times, self._rng.standard_normal((end - begin, 1)).astype(np.float32)))
        return out

    def stop(self) -> None:
        """Do nothing."""


def _rate(info: StreamInfo) -> float:
    return info.sfreq or 1 / BEAT


def send() -> None:
    """Publish the eight streams over LSL in chunks of 20 ms until killed."""
    from acquisition.lsl.network import configure

    configure(session_id=SCOPE)
    from acquisition.lsl.outlet import Outlet, announce

    driver = Synthetic()
    outlets = {i.key: Outlet(announce(i)) for i in driver.streams()}
    driver.start()
    while True:
        for item in driver.drain():
            if isinstance(item, Chunk):
                outlets[item.info.key].push(item.times, item.samples)
        time.sleep(0.02)


class Meter(Listener):
    """Count CPU time from the first tick on."""

    def __init__(self) -> None:
        self.cpu, self.begin = 0.0, 0.0
        self.problems: list[str] = []

    def recording(self, status: Status) -> None:
        """Begin."""
        self.cpu, self.begin = time.process_time(), time.perf_counter()

    def problem(self, line: str) -> None:
        """Keep it."""
        self.problems.append(line)


def session(lsl: bool) -> Session:
    """Return a session that consents to all eight streams."""
    yes = Consent(version="bench", ecg=True, eda=True, resp=True)
    devices = [
        Device(
            role=i.role,
            profile=f"lsl_{i.modality}",
            source_id=i.source_id,
            unit=i.unit,
            definition=load_profile(f"lsl_{i.modality}"),
        )
        for i in stream_infos()
    ]
    return Session(
        id="bench1",
        crisis_contact="none",
        client=Participant("C01", yes),
        therapist=Participant("T01", yes),
        devices=tuple(devices) if lsl else (),
        lsl=LslSettings(session_id=SCOPE),
    )


def measure(seconds: float, lsl: bool) -> dict[str, object]:
    """Record for so long in this process; return what it cost."""
    meter = Meter()
    with tempfile.TemporaryDirectory() as parent:
        outcome = record(
            session(lsl),
            Path(parent),
            seconds=seconds,
            drivers=None if lsl else [Synthetic()],
            listener=meter,
        )
        cpu, wall = time.process_time() - meter.cpu, time.perf_counter() - meter.begin
        size = sum(f.stat().st_size for f in outcome.path.glob("*.xdf"))
    return {
        "source": "lsl" if lsl else "synthetic",
        "cpu_percent_of_core": round(100 * cpu / wall, 2),
        "peak_rss_MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "kB_per_s": round(size / wall / 1e3, 1),
        "ticks": outcome.ticks,
        "threads": threading.active_count(),
        "problems": meter.problems,
    }


def main() -> None:
    """Run the benchmark; the parent starts sender and recorder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--lsl", action="store_true")
    parser.add_argument("--part", choices=["send", "record"])
    args = parser.parse_args()
    if args.part == "send":
        return send()
    if args.part == "record":
        print(json.dumps(measure(args.seconds, args.lsl)))
        return None
    sender = subprocess.Popen([sys.executable, __file__, "--part", "send"]) if args.lsl else None
    try:
        more = ["--lsl"] if args.lsl else []
        subprocess.run(
            [sys.executable, __file__, "--part", "record", "--seconds", str(args.seconds), *more], check=True
        )
    finally:
        if sender:
            sender.kill()
            sender.wait()
    return None


if __name__ == "__main__":
    main()

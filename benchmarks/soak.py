"""Two hours as a laboratory has them: eight LSL streams, 200 markers, recorder, window and follower at once.

    python -m benchmarks.soak [--minutes 120] [--markers 200] [--out FILE.json]

At 0, 25, 50, 75 and 100 % of the time each process is measured: resident memory, open descriptors, and its
CPU time since the point before. Loss is exact: the sender writes down the stamp of every sample, and each
must stand in the recording. The window is drawn offscreen; everything else runs as a user runs it.
"""

from __future__ import annotations

import argparse
import json
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the console script does

import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

SCOPE = f"soak-{os.getuid()}"
POINTS = 5
IN_FLIGHT = 5.0
"""Seconds before the moment of counting within which a sample may still be on its way."""
PART = ("-m", "benchmarks.soak", "--part")
MARKS = ("sync_mark", "segment", "now_moment", "suds", "note")
SESSION = """\
[session]
id = "soak"
crisis_contact = "none: simulated people"
[client]
code = "C00"
consent = { version = "simulated", ecg = true, eda = true, resp = true, view = true }
[therapist]
code = "T00"
consent = { version = "simulated", ecg = true, eda = true, resp = true, view = true }
"""
DEVICE = """\
[[device]]
role = "{role}"
profile = "lsl_{modality}"
source_id = "soak-{role}-{modality}"
unit = "{unit}"
"""


def infos() -> list:
    """Return the eight streams: ECG 250 Hz, EDA 16 Hz, breath 25 Hz and RR of two people."""
    from acquisition.simulation.dyad import simulated_streams
    from acquisition.stream import PEOPLE, Modality, StreamInfo

    made = [i for i in simulated_streams(ecg=250, eda=16, resp=25) if i.modality is not Modality.VOICE]
    made += [
        StreamInfo(name="RR", role=r, modality=Modality.RR, sfreq=0.0, unit="ms", channels=("RR",))
        for r in PEOPLE
    ]
    return [replace(i, name=f"{i.role} {i.modality}", source_id=f"soak-{i.role}-{i.modality}") for i in made]


def session() -> str:
    """Return the session file of the eight streams."""
    return SESSION + "".join(
        DEVICE.format(role=i.role, modality=i.modality, unit=i.unit or "au") for i in infos()
    )


def send(folder: Path) -> None:
    """Publish the eight streams until killed, and write down every stamp."""
    from acquisition.lsl.clock import local_clock
    from acquisition.lsl.network import configure
    from acquisition.stream import Chunk, Modality

    configure()
    from acquisition.lsl.outlet import Outlet, announce
    from acquisition.simulation.dyad import Dyad, Feed
    from acquisition.simulation.script import Script

    streams = infos()
    feed = Feed(Dyad(Script(1), tuple(i for i in streams if i.modality is not Modality.RR)), local_clock())
    outlets = {i.key: Outlet(announce(i)) for i in streams}
    files = {i.key: (folder / i.source_id).open("ab", buffering=0) for i in streams}
    feed.take(local_clock())
    beat = local_clock()
    while True:
        now = local_clock()
        items = [item for item in feed.take(now) if isinstance(item, Chunk)]
        while beat + 0.8 <= now:
            beat += 0.8
            intervals = [i for i in streams if i.modality is Modality.RR]
            items += [Chunk(i, np.array([beat]), np.array([[800.0]])) for i in intervals]
        for chunk in items:
            files[chunk.info.key].write(chunk.times.astype("<f8").tobytes())
            outlets[chunk.info.key].push(chunk.times, chunk.samples.astype(np.float32))
        time.sleep(0.05)


def window(recording: Path) -> None:
    """Show the window of a recording, offscreen, as `attune view` does."""
    from acquisition.recorder.control import Client
    from viewer.live.live import quitting_on_ctrl_c
    from viewer.opened import open_window
    from viewer.window import application

    app = application()
    with quitting_on_ctrl_c(app):
        shown = open_window(recording, control=Client.find(recording))
        shown.resize(1600, 900)
        shown.show()
        app.exec()
        shown.close()


def count(recording: Path, folder: Path, until: float) -> dict[str, dict[str, int]]:
    """Return of each stream how many samples were sent, and are missing or twice in the recording."""
    from acquisition.recording.recording import Recording

    stored: dict[str, list] = {}
    n_events = 0
    for batch in Recording(recording).batches():
        n_events += len(batch.events)
        for part in batch.streams.values():
            stored.setdefault(part.info.source_id, []).append(part.times)
    out = {"": {"events": n_events}}
    for source_id, parts in stored.items():
        times = np.concatenate(parts)
        raw = (folder / source_id).read_bytes()
        sent = np.frombuffer(raw[: len(raw) // 8 * 8], "<f8")
        sent = sent[(sent >= times[0]) & (sent <= until)]
        mine = times[times <= until]
        out[source_id] = {
            "sent": len(sent),
            "missing": int((~np.isin(sent, mine)).sum()),
            "twice": len(mine) - len(np.unique(mine)),
        }
    return out


class Watched:
    """Measure one process."""

    def __init__(self, name: str, process: subprocess.Popen[bytes]) -> None:
        self.name, self.process = name, process
        self._before = (time.monotonic(), self._cpu())

    def _cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def look(self) -> dict[str, float]:
        """Return memory [MB], descriptors, and CPU [% of a core] since the last look."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        now, cpu = time.monotonic(), self._cpu()
        (then, before), self._before = self._before, (now, cpu)
        return {
            "rss_MB": int(status.split("VmRSS:")[1].split()[0]) / 1024,
            "descriptors": len(os.listdir(f"/proc/{self.process.pid}/fd")),
            "threads": int(status.split("Threads:")[1].split()[0]),
            "cpu_percent": 100 * (cpu - before) / max(now - then, 1e-9),
        }


def start(*words: str | Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a Python process whose output goes into a file."""
    with log.open("wb") as out:
        return subprocess.Popen([sys.executable, *map(str, words)], stdout=out, stderr=subprocess.STDOUT)


def soak(base: Path, minutes: float, markers: int, out: Path | None) -> int:
    """Run everything for so long and print a row a point."""
    os.environ.setdefault("ATTUNEMENT_LSL_SESSION", SCOPE)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["XDG_RUNTIME_DIR"] = str(base)
    (base / "session.toml").write_text(session(), "utf-8")
    sent = base / "sent"
    sent.mkdir()
    sender = start(*PART, "send", "--base", base, log=base / "send.log")
    recorder = start(
        *("-m", "acquisition.cli", "record", base / "session.toml", "--out", base / "rec", "--json"),
        log=base / "record.log",
    )
    running = [sender, recorder]
    try:
        recording = _await_recording(base / "rec", recorder)
        running.append(start(*PART, "window", "--base", recording, log=base / "window.log"))
        words = ("-m", "viewer.cli", "process", recording, "--out", base / "results", "--follow")
        running.append(start(*words, log=base / "follow.log"))
        names = ("sender", "recorder", "window", "follower")
        watched = [Watched(n, p) for n, p in zip(names, running, strict=True)]
        rows, marked = _points(watched, recording, sent, minutes, markers)
        return _end(watched, recording, sent, rows, marked, out)
    finally:
        for process in running:
            process.kill()
            process.wait()


def _await_recording(parent: Path, recorder: subprocess.Popen[bytes]) -> Path:
    from acquisition.errors import ControlError
    from acquisition.recorder.control import Client

    until = time.monotonic() + 60
    while time.monotonic() < until and recorder.poll() is None:
        try:
            status = Client.find().status()
        except ControlError:
            status = {}
        if status.get("state") == "recording":
            return Path(status["recording"])
        time.sleep(0.2)
    sys.exit(f"the recorder does not record, see {parent.parent / 'record.log'}")


def _points(
    watched: list[Watched], recording: Path, sent: Path, minutes: float, markers: int
) -> tuple[list[dict], int]:
    """Mark all along, and measure at the points."""
    from acquisition.recorder.control import Client

    begin, rows, marked = time.monotonic() + 20, list[dict](), 0  # the window opens meanwhile
    client = Client.find(recording)
    while len(rows) < POINTS:
        passed = time.monotonic() - begin
        if passed >= 60 * minutes * len(rows) / (POINTS - 1):
            rows.append(_measure(watched, recording, sent, passed))
            print(_line(rows[-1]), flush=True)
        elif passed > 0 and marked < markers * min(1, passed / (60 * minutes)) and marked < markers:
            client.call("mark", **_mark(marked))
            marked += 1
        else:
            time.sleep(0.2)
    return rows, marked


def _mark(n: int) -> dict[str, object]:
    code = MARKS[n % len(MARKS)]
    more = {"suds": {"value": float(n % 11)}, "note": {"note": f"note {n}"}}.get(code, {})
    return {"code": code, "source": "cli", **more}


def _measure(watched: list[Watched], recording: Path, sent: Path, passed: float) -> dict:
    from acquisition.lsl.clock import local_clock

    row: dict = {"minutes": round(passed / 60, 2), "load": os.getloadavg()[0]}
    row |= {w.name: w.look() for w in watched if w.process.poll() is None}
    row["ended"] = [w.name for w in watched if w.process.poll() is not None]
    row["streams"] = _counted(recording, sent, local_clock() - IN_FLIGHT)
    return row


def _counted(recording: Path, sent: Path, until: float) -> dict:
    """Count in a process of its own, so that this one stays small."""
    words = (*PART, "count", "--base", recording, "--sent", sent, "--until", repr(until))
    command = [sys.executable, *map(str, words)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def _line(row: dict) -> str:
    said = [
        f"{name} {row[name]['rss_MB']:.1f} MB {row[name]['descriptors']} fd {row[name]['cpu_percent']:.1f} %"
        for name in ("recorder", "window", "follower", "sender")
        if name in row
    ]
    streams = [s for key, s in row["streams"].items() if key]
    lost, twice = (sum(s[k] for s in streams) for k in ("missing", "twice"))
    total = sum(s["sent"] for s in streams)
    text = f"{row['minutes']:6.1f} min: {'; '.join(said)}; {lost} of {total} samples lost, {twice} twice"
    return text + (f"; ENDED: {', '.join(row['ended'])}" if row["ended"] else "")


def _end(
    watched: list[Watched], recording: Path, sent: Path, rows: list[dict], marked: int, out: Path | None
) -> int:
    """Stop, count once more, and verify."""
    from acquisition.lsl.clock import local_clock
    from acquisition.recorder.control import Client

    sender, recorder, window_, follower = (w.process for w in watched)
    client, until = Client.find(recording), local_clock() - IN_FLIGHT
    client.stop()
    client.await_end()
    recorder.wait(30)
    window_.send_signal(signal.SIGINT)
    follower_code = follower.wait(300)
    rows.append({"end": _counted(recording, sent, until), "marked": marked, "follower": follower_code})
    verified = subprocess.run(
        [sys.executable, "-m", "acquisition.cli", "verify", str(recording)], capture_output=True, check=False
    )
    said = verified.stdout.decode().strip()
    final = rows[-1]["end"]
    lost = sum(s["missing"] for key, s in final.items() if key)
    print(f"end: {lost} samples lost, {marked} marked, follower {follower_code}, verify: {said}", flush=True)
    if out is not None:
        out.write_text(json.dumps(rows, indent=1), "utf-8")
    sender.kill()
    return int(bool(lost or follower_code or verified.returncode))


def main() -> int:
    """Run the benchmark, or one of its parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--markers", type=int, default=200)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--part", choices=["send", "window", "count"])
    parser.add_argument("--base", type=Path)
    parser.add_argument("--sent", type=Path)
    parser.add_argument("--until", type=float)
    given = parser.parse_args()
    if given.part == "send":
        send(given.base / "sent")
    elif given.part == "window":
        window(given.base)
    elif given.part == "count":
        print(json.dumps(count(given.base, given.sent, given.until)))
    else:
        with tempfile.TemporaryDirectory() as folder:
            return soak(Path(folder), given.minutes, given.markers, given.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())

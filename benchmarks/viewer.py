"""Cost of the operator's window: CPU at 30 frames a second, sample to pixel, start, memory over four hours.

Each case runs in a process of its own, off screen or on the display that is there:

    python benchmarks/viewer.py                  all cases
    python benchmarks/viewer.py --case hour      one of start, minute, hour, slices, latency, memory, open

`minute` and `hour` feed ECG at 1000 Hz of both people and all indices in real time, in slices of 33 ms, so
that every frame has something to draw, with 200 markers on the page; CPU is that of the whole process, the
making of the feed taken off. `open` opens a finished hour with ECG at 1000 Hz of both people, reading and
pipeline included. `slices` is `minute` with slices of 100 ms, as a recorder writes them. Pipeline
and file reading have benchmarks of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
CASES = ("start", "minute", "hour", "slices", "latency", "memory", "open")
FRAME = 1 / 30


class Deaf:
    """Take no commands: none are sent here."""


def open_window(model: Any, seconds: float) -> Any:
    """Return a shown window on a model."""
    from acquisition.events.vocabulary import load_vocabulary
    from viewer import settings as persistence
    from viewer.window import OperatorWindow, application

    app = application()
    kept = persistence.store(Path(tempfile.mkdtemp()) / "settings.ini")
    persistence.save(kept, persistence.Settings(seconds=seconds))
    window = OperatorWindow(
        model,
        None,
        control=Deaf(),  # type: ignore[arg-type]
        codes=load_vocabulary().profile("technician"),
        path=None,
        now=lambda: float(model.now),
        kept=kept,
    )
    window.resize(1600, 950)
    window.show()
    app.processEvents()
    window.draw_all()
    return window


def session(past: float, page: float, n_markers: int) -> tuple[Any, Any]:
    """Return a model with a past [s] and the source of what follows; the markers lie on the last page."""
    from acquisition.event import Event
    from tests.viewer.synthetic import T0, Session, fill, model, streams

    infos = streams(ecg=1000.0, eda=32.0)
    begin = max(past - 0.8 * page, 0.0)
    step = (past - begin) / n_markers
    events = [Event(time=T0 + begin + k * step, code="mismatch", id=f"m{k}") for k in range(n_markers)]
    target = model(infos)
    return target, fill(target, past, Session(infos=infos, events=events))


def watch_paints(widget: Any, then: Any) -> list[int]:
    """Count the paint events of a widget, and call a function after each."""
    from PySide6.QtCore import QEvent, QObject, QTimer

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                count[0] += 1
                QTimer.singleShot(0, then)
            return False

    count = [0]
    widget.watch = Watch()
    widget.installEventFilter(widget.watch)
    return count


def running(page: float, seconds: float, step: float = FRAME) -> dict[str, Any]:
    """Measure CPU and frame rate while a page fills in real time."""
    from PySide6.QtCore import Qt, QTimer

    from tests.viewer.synthetic import index_samples
    from viewer.window import application

    past = max(page, 700.0)
    model, source = session(past, page, 200)
    window = open_window(model, page)
    app, spent, at = application(), [0.0], [past]
    painted = watch_paints(window.panel.lanes.lanes["ECG client"].strips[0], lambda: None)

    def feed() -> None:
        """Give the model one frame of data; making it is not the window's cost."""
        cpu = time.thread_time()
        batch = source.batch(1)
        samples = index_samples(at[0], at[0] + source.step)
        at[0] += source.step
        spent[0] += time.thread_time() - cpu
        model.add_batch(batch)
        model.add_samples(samples)

    timer = QTimer()
    timer.timeout.connect(feed)
    source.done, source.step = round(source.done * source.step / step), step
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.start(round(1000 * step))
    window.timer.start(33)
    QTimer.singleShot(1500, app.exit)
    app.exec()
    frames, painted[0], spent[0] = window._frames, 0, 0.0
    cpu, begun = time.process_time(), time.perf_counter()
    QTimer.singleShot(int(seconds * 1000), app.exit)
    app.exec()
    wall = time.perf_counter() - begun
    used = time.process_time() - cpu - spent[0]
    return {
        "frames/s": round((window._frames - frames) / wall, 1),
        "paints/s": round(painted[0] / wall, 1),
        "cpu % of a core": round(100 * used / wall, 1),
        "cpu ms/frame": round(1000 * used / (window._frames - frames), 1),
        "rss MB": rss(),
    }


def rss() -> int:
    """Return the memory that the process holds now [MB]."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() // 2**20


def start() -> dict[str, Any]:
    """Measure from the start of Python to the first painted window."""
    code = (
        "import time, sys; sys.path.insert(0, '.'); begun = time.perf_counter();"
        "import benchmarks.viewer as b;"
        "from tests.viewer.synthetic import model; m = model(); w = b.open_window(m, 60.0); w.grab();"
        "print(time.perf_counter() - begun)"
    )
    times = sorted(
        float(subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True).stdout)
        for _ in range(5)
    )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = round((used.ru_utime + used.ru_stime) / 5, 2)
    return {"start s (median of 5)": round(times[2], 2), "worst": round(times[-1], 2), "cpu s": cpu}


def latency(seconds: float) -> dict[str, Any]:
    """Measure from a sample's stamp to its pixel: recorder's cycle, file poll, pipeline thread, frame."""
    from PySide6.QtCore import QTimer

    from tests.viewer.synthetic import T0, index_samples
    from viewer.window import application
    from viewer.worker import Bare, Worker

    model, source = session(60.0, 60.0, 20)
    begun = [time.perf_counter()]
    zero = source.done / 10

    class Feed:
        """Complete a slice every 100 ms, as a recorder does."""

        state, ended, streams, share = "growing", False, (), float("nan")

        def poll(self) -> Any:
            due = time.perf_counter() - begun[0] >= (source.done / 10 - zero) + 0.1
            return source.batch(1) if due else None

    worker = Worker(
        Feed(), lambda: Bare(lambda batch: index_samples(batch.ticks[0] - T0, batch.ticks[-1] - T0))
    )
    window = open_window(model, 60.0)
    window.feeding.worker = worker
    late: list[float] = []
    wave = next(iter(model.waves.values()))
    seen = [wave.n]

    def painted() -> None:
        if wave.n > seen[0]:
            now = time.perf_counter() - begun[0] + zero
            stamps = wave.times(seen[0], wave.n) + model.t0 - T0
            late.extend((now - stamps).tolist())
            seen[0] = wave.n

    watch_paints(window.panel.lanes.lanes["ECG client"].strips[0], painted)
    begun[0] = time.perf_counter()
    window.start()
    app = application()
    QTimer.singleShot(int(seconds * 1000), app.exit)
    app.exec()
    worker.close()
    late.sort()
    return {
        "sample to pixel ms, median": round(1000 * late[len(late) // 2]),
        "p99": round(1000 * late[int(len(late) * 0.99)]),
        "worst": round(1000 * late[-1]),
        "samples": len(late),
    }


def memory() -> dict[str, Any]:
    """Measure memory over a session of four hours, faster than real time."""
    from tests.viewer import synthetic
    from viewer.window import application

    made = synthetic._index_samples.__wrapped__  # the feed's own cache is not the window's memory
    model, source = session(60.0, 60.0, 20)
    window, app, out = open_window(model, 60.0), application(), {}
    begun = time.perf_counter()
    for minute in range(1, 240):
        for k in range(6):
            model.add_batch(source.batch(100))
            model.add_samples(made(60.0 * minute + 10 * k, 60.0 * minute + 10 * (k + 1), ""))
        window.draw_all()
        app.processEvents()
        if minute in (15, 60, 119, 239):
            out[f"rss MB after {minute + 1} min"] = rss()
    out["s for all"] = round(time.perf_counter() - begun, 1)
    return out


def opening() -> dict[str, Any]:
    """Measure how soon a finished hour is on screen, and how soon its indices are."""
    from benchmarks.offline import write
    from viewer import settings as persistence
    from viewer.opened import open_window as opened
    from viewer.window import application

    folder = Path(tempfile.mkdtemp())
    write(folder / "hour", 60.0, 1000.0, 4.0)
    app = application()
    kept = persistence.store(folder / "settings.ini")
    persistence.store = lambda path=None: kept
    begun, spent, out = time.perf_counter(), time.process_time(), {}
    window = opened(folder / "hour")
    window.resize(1600, 950)
    while not window.caught_up or window.feeding.computing:
        app.processEvents()
        time.sleep(0.002)
        if window.caught_up and not out:
            out = {"s read": time.perf_counter() - begun, "CPU s read": time.process_time() - spent}
    out |= {"s computed": time.perf_counter() - begun, "CPU s computed": time.process_time() - spent}
    return {k: round(v, 1) for k, v in out.items()} | {"rss MB": rss()}


def measure(case: str, seconds: float) -> dict[str, Any]:
    """Run one case in this process."""
    match case:
        case "start":
            return start()
        case "minute":
            return running(60.0, seconds)
        case "hour":
            return running(3600.0, seconds)
        case "slices":
            return running(60.0, seconds, 0.1)
        case "latency":
            return latency(seconds)
        case "open":
            return opening()
    return memory()


def main() -> None:
    """Run the cases, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--seconds", type=float, default=12.0)
    options = parser.parse_args()
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if options.case:
        load = os.getloadavg()[0]
        found = measure(options.case, options.seconds) | {"load": round(load, 1)}
        print(f"{options.case}: {json.dumps(found)}", flush=True)
        os._exit(0)  # Qt's own tear-down is not measured, and must not abort what was
    for case in CASES:
        command = [sys.executable, __file__, "--case", case, "--seconds", str(options.seconds)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()

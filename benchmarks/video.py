"""The video of a review: how far picture and lanes are apart on the screen, and what showing it costs.

    xvfb-run -a -s "-screen 0 2000x1000x24" python benchmarks/video.py [--seconds 12] [--video FILE]

A video of 1080p at 25 pictures a second is made first, with its picture numbers as black and white blocks
(or one is taken that was made so). A review of a made-up dyad plays it at speeds of 0.25 to 4, and jumps.
Another process looks at the screen at random moments, as a person would, and reads from one look the number
in the picture and the place of the cursor's line in the lanes, on a page of ten seconds (about 9 ms a pixel).
The difference is cursor − begin of the picture, in time of the recording: 0 to 40 ms where both fit, and one
frame of the window (33 ms × speed) more or less where a look falls between the painting of the two. Over the
speed it is what a viewer sees. Cost is CPU of the whole process over wall time; with sound, which goes into a
sound server of its own (PulseAudio, without a card), and without. What the server plays is recorded: each
second of the video has a tone of its own pitch, and the cursor when its middle is heard is held against where
it belongs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
RATE, LONG = 25, 100
SPEEDS = (0.25, 1.0, 2.0, 4.0)
BEGIN = 20.0


def made(path: Path) -> Path:
    """Write the video: soft shapes that move, and the number of each picture above them."""
    import av

    from tests.viewer.video.made import BITS, Sung, bursts, sing

    rng = np.random.default_rng(3)
    coarse = rng.integers(30, 220, (34, 60, 3)).astype(np.float32).repeat(32, 0).repeat(32, 1)[:1080, :1920]
    soft = np.stack([np.convolve(coarse[..., k].ravel(), np.ones(48) / 48, "same") for k in range(3)], 1)
    base = soft.reshape(1080, 1920, 3).astype(np.uint8)
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "24"})
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        sing(file, Sung([(0.0, bursts(float(LONG)))], layout="stereo"))
        for k in range(RATE * LONG):
            picture = np.roll(base, 3 * k, 1)
            for bit in range(BITS):
                picture[: 1080 // 2, bit * 120 : bit * 120 + 120] = 235 if k >> bit & 1 else 16
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode())
    return path


def look(place: list[int], lane: list[int]) -> None:
    """Look at the screen at random moments until told to stop; print what is seen, one line each."""
    from PySide6.QtWidgets import QApplication

    from tests.viewer.video.made import number_in, pixels_of

    app = QApplication([])
    screen = app.primaryScreen()
    rng = random.Random(1)
    while True:
        time.sleep(rng.uniform(0.05, 0.15))
        before = time.monotonic()
        image = screen.grabWindow(0).toImage()
        after = time.monotonic()
        whole = pixels_of(image)
        x, y, wide, high = place
        number = number_in(whole[y : y + high, x : x + wide])
        left, top, width, height = lane
        bright = whole[top : top + height, left : left + width, :3].min(axis=2) > 190
        line = np.flatnonzero(bright.mean(axis=0) > 0.9)
        seen = float(line.mean()) if len(line) else None
        sys.stdout.write(json.dumps([before, after, number, seen]) + "\n")
        sys.stdout.flush()


def opened(video: Path, folder: Path, *, sound: bool = True) -> Any:
    """Return a review with the video beside it, at fixed places of the screen."""
    from acquisition.events.vocabulary import load_vocabulary
    from acquisition.linking.links_file import write_links
    from tests.viewer import synthetic
    from tests.viewer.video.conftest import linked
    from viewer import settings as persistence
    from viewer.review.reviewing import Reviewing
    from viewer.window import OperatorWindow

    model = synthetic.model()
    synthetic.fill(model, 200.0)
    model.state = "closed"
    write_links(folder, [linked(video, model.t0 + BEGIN, float(LONG), has_sound=sound)])
    kept = persistence.store(folder / "settings.ini")
    persistence.save(kept, persistence.Settings(seconds=10.0))
    window = OperatorWindow(
        model, None, control=None, codes=load_vocabulary().profile("technician"), path=folder,
        now=lambda: model.now, kept=kept, reviewing=Reviewing(folder),
    )  # fmt: skip
    window.setGeometry(0, 0, 1250, 900)
    window.show()
    window.start()
    return window


def settle(seconds: float) -> None:
    """Let the window run."""
    from PySide6.QtCore import QTimer

    from viewer.window import application

    QTimer.singleShot(round(1000 * seconds), application().exit)
    application().exec()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--video", type=Path)
    parser.add_argument("--make", type=Path, help="only make the video")
    parser.add_argument("--look", nargs=8, type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.look:
        look(given.look[:4], given.look[4:])
        return
    if given.make:
        made(given.make)
        return
    from viewer.window import application

    application()
    with tempfile.TemporaryDirectory() as name, served(Path(name)):
        folder = Path(name)
        window = opened(given.video or made(folder / "made.mp4"), folder)
        settle(1.0)
        print(json.dumps({"case": "without the video", **cost(window, 1.0, given.seconds)}), flush=True)
        window.beside.show_video()
        video = window.beside.video.window
        video.setGeometry(1270, 0, 700, 480)
        settle(1.0)
        for speed in SPEEDS if shutil.which("parec") else ():
            print(json.dumps(heard(window, speed, given.seconds)), flush=True)
        for _ in range(2):  # with sound, then without
            for speed in SPEEDS:
                found = measured(window, speed, given.seconds)
                print(json.dumps({"sound": _words(window), **found}), flush=True)
            window.beside.level.mute()
        print(json.dumps(jumps(window)), flush=True)
        window.close()


@contextmanager
def served(folder: Path) -> Iterator[None]:
    """Run a sound server that this process plays into, where PulseAudio is installed."""
    from tests.acquisition.pulse import TOOLS, null_sink

    if not all(map(shutil.which, TOOLS)):
        yield
        return
    with null_sink(folder) as environment:
        os.environ.update({name: environment[name] for name in ("HOME", "XDG_RUNTIME_DIR")})
        yield


def _words(window: Any) -> str:
    return window.beside.video.window.pane.hearing.words or "on"


def cost(window: Any, speed: float, seconds: float) -> dict[str, Any]:
    """Play for some seconds; return CPU, frames and the speed that was reached."""
    from benchmarks.viewer import rss

    panel = window.panel
    panel.go_to(BEGIN + 5.0)
    settle(1.0)
    panel.speed, panel.playing = speed, True
    settle(0.5)
    cpu, begun, frames, at = time.process_time(), time.monotonic(), window._frames, panel.pointer
    settle(min(seconds, 60.0 / speed))
    wall = time.monotonic() - begun
    out = {
        "cpu % of a core": round(100 * (time.process_time() - cpu) / wall, 1),
        "frames/s": round((window._frames - frames) / wall, 1),
        "speed reached": round((panel.pointer - at) / wall, 3),
        "rss MB": rss(),
    }
    panel.playing = False
    return out


def heard(window: Any, speed: float, seconds: float) -> dict[str, Any]:
    """Play at a speed while what the server plays is recorded; return how far sound and cursor were apart."""
    from tests.viewer.video import made as film
    from tests.viewer.video.sound_child import Monitor, tones

    video, looks = window.beside.video.window, []
    follow, monitor = video.show_at, Monitor()

    def show_at(at: float, speed: float, *, playing: bool) -> None:
        follow(at, speed, playing=playing)
        looks.append((time.monotonic(), at))

    video.show_at = show_at
    spent = cost(window, speed, seconds)
    settle(0.5)
    video.show_at = follow
    cursor, (times, samples) = np.array(looks), monitor.stop()
    apart, off = [], []
    for at, pitch, length in tones(times, samples):
        if not 0.9 < length * speed / film.LONG < 1.2 + 0.02 * speed / film.LONG:
            continue  # cut where it began or ended
        second = round((pitch - film.BASE) / film.STEP)
        where = float(np.interp(at, cursor[:, 0], cursor[:, 1])) - BEGIN
        apart.append(1000 * (where - second - film.LONG / 2) / max(speed, 1.0))
        off.append(100 * abs(pitch / (film.BASE + film.STEP * second) - 1.0))
    found = {"case": f"heard at × {speed:g}", **spent, "tones": len(apart)}
    if not apart:
        return found
    spread = [round(float(v), 1) for v in np.percentile(apart, [0, 50, 100])]
    return {**found, "cursor - sound as seen, ms": spread, "pitch off by at most, %": round(max(off), 3)}


def _areas(window: Any) -> list[int]:
    """Return where on the screen the picture and the lane of events are [px]."""
    from PySide6.QtCore import QPoint, Qt

    from viewer.lanes.plot import LEFT, RIGHT

    pane, events = window.beside.video.window.pane, window.panel.events
    size = pane._image.size().scaled(pane.size(), Qt.AspectRatioMode.KeepAspectRatio)
    corner = pane.mapToGlobal(
        QPoint((pane.width() - size.width()) // 2, (pane.height() - size.height()) // 2)
    )
    lane = events.mapToGlobal(QPoint(LEFT, 2))
    width = events.width() - LEFT - RIGHT
    return [corner.x(), corner.y(), size.width(), size.height(), lane.x(), lane.y(), width, 20]


def measured(window: Any, speed: float, seconds: float) -> dict[str, Any]:
    """Play at a speed while another process looks; return how far picture and lanes were apart."""
    panel, pages = window.panel, []
    areas = _areas(window)
    shown = panel.show_page

    def show_page(page: Any) -> None:
        pages.append((time.monotonic(), page.start))
        shown(page)

    panel.show_page = show_page
    command = [sys.executable, __file__, "--look", *map(str, areas)]
    looking = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    settle(3.0)
    begun = time.monotonic()
    spent = cost(window, speed, seconds)
    ended = time.monotonic()
    looking.terminate()
    lines = (looking.stdout.read() if looking.stdout else "").splitlines()
    panel.show_page = shown
    apart, veiled = [], 0
    for line in lines:
        try:
            before, after, number, x = json.loads(line)
        except ValueError:
            continue
        if x is None or not begun + 1.5 < before < ended - 0.1 or after - before > 0.1:
            continue
        if any(before - 0.15 < t < after + 0.05 for t, _ in pages):
            continue  # the page turned just then
        if not number:
            veiled += 1  # the pane says itself that this is not the picture of the moment
            continue
        start = [s for t, s in pages if t < before][-1]
        cursor = start + (x + 0.5) / areas[6] * panel.page.seconds
        apart.append(1000 * (cursor - BEGIN - number / RATE))
    return {"case": f"× {speed:g}", **spent, "looks under a veil": veiled, **_summary(apart, speed)}


def _summary(apart: list[float], speed: float = 1.0) -> dict[str, Any]:
    """Return how far picture and lanes were apart; what runs fast is seen for less than it lasted."""
    values = np.array(apart)
    if not len(values):
        return {"looks": 0}
    low, middle, high = np.percentile(values, [0, 50, 100])
    return {
        "looks": len(values),
        "cursor - picture, ms (least, median, most)": [round(float(v), 1) for v in (low, middle, high)],
        "looks over 80 ms": int((np.abs(values) > 80).sum()),
        "most as seen, ms": round(float(np.abs(values).max()) / max(speed, 1.0), 1),
    }


def jumps(window: Any) -> dict[str, Any]:
    """Jump 40 times; return how long the picture took, and how far it was apart then."""
    from tests.viewer.video.conftest import number_of
    from viewer.window import application

    rng, waits, apart = random.Random(2), [], []
    pane, panel = window.beside.video.window.pane, window.panel
    for _ in range(40):
        panel.go_to(BEGIN + rng.uniform(0.5, LONG - 1.0))
        begun = time.monotonic()
        window.tick()
        while not pane.exact:
            application().processEvents()
            time.sleep(0.001)
        waits.append(time.monotonic() - begun)
        apart.append(1000 * (panel.pointer - BEGIN - number_of(pane) / RATE))
    median, most = np.percentile(waits, [50, 100])
    waited = [round(float(median), 2), round(float(most), 2)]
    return {"case": "jumps", "s until the picture (median, most)": waited, **_summary(apart)}


if __name__ == "__main__":
    main()

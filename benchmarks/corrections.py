"""The correction editor: how long a page takes, what re-inserted beats restore, and the pictures of the docs.

python -m benchmarks.corrections pages                       an hour at 1000 Hz, 1000 corrections
python -m benchmarks.corrections restore [--data SHARED/data]    30 beats removed and put back
python -m benchmarks.corrections pictures docs/images        simulated people, both themes, 1280 × 720
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np

from acquisition.events.corrected import ByHand
from acquisition.stream import FloatArray, Modality, Role, StreamInfo
from processing.correcting.matching import rmssd_at
from processing.correcting.signals import RawSignal, detect, judged
from processing.correcting.skin import Responses
from processing.corrections.edits import edits_of
from processing.heart.hrv import rmssd
from processing.heart.table import BeatTable

SECONDS = 3600.0
T0 = 1000.0


def simulated(sfreq: float, seconds: float = SECONDS, seed: int = 1) -> RawSignal:
    """Return an ECG of a simulated heart with sinus arrhythmia and noise."""
    from tests.viewer.synthetic import ecg

    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * sfreq)) / sfreq
    phase = np.cumsum(1.1 + 0.06 * np.sin(2 * np.pi * 0.25 * t) + 0.03 * np.sin(2 * np.pi * 0.1 * t)) / sfreq
    values = ecg(phase, 1.0) + rng.normal(0.0, 0.02, len(t))
    info = StreamInfo(
        name="ECG", role=Role.CLIENT, modality=Modality.ECG, sfreq=sfreq, unit="mV", channels=("ECG",)
    )
    return RawSignal(info=info, times=T0 + t, values=values)


def pages() -> None:
    """Page through an hour at 1000 Hz, before and after 1000 corrections."""
    from viewer.corrections.bench import Bench, Lane
    from viewer.corrections.desk import CorrectionDesk
    from viewer.corrections.page import CorrectionPage
    from viewer.corrections.places import of_beats
    from viewer.theme import DARK
    from viewer.window import application

    app = application()
    signal = simulated(1000.0)
    begun = time.perf_counter()
    detected = detect(signal)
    print(f"an hour at 1000 Hz: beats found in {time.perf_counter() - begun:.2f} s", end=", ")
    begun = time.perf_counter()
    table = judged(detected)
    print(f"judged in {time.perf_counter() - begun:.2f} s, {len(table.rows.beats.times)} beats")
    lane = Lane(
        key=("client", "heart"),
        signal=signal,
        detected=detected,
        before=table,
        after=table,
        found=Responses(*np.empty((3, 0))),
        places=of_beats(table.rows.beats, T0),
    )
    bench = Bench(begin=T0, end=T0 + SECONDS, lanes={lane.key: lane})
    with tempfile.TemporaryDirectory() as folder:
        page = CorrectionPage(
            DARK,
            title="Correct beats",
            people={"client": "Client"},
            read=lambda: bench,
            open_desk=lambda b: CorrectionDesk(Path(folder), b, clock=lambda: f"{time.time_ns()}"),
            leave=lambda: None,
            keep_who=lambda who: None,
            who="R2",
        )
        page.resize(1600, 900)
        page.show()
        page.wait()
        assert page.desk is not None
        for length in (5.0, 10.0, 30.0):
            print(f"page of {length:g} s: {_paged(app, page, length)}")
        beats = table.rows.beats.times - T0
        took = []
        for k in range(1000):
            begun = time.perf_counter()
            page.desk.reject(float(beats[3 * k + 20]))
            took.append(1e3 * (time.perf_counter() - begun))
        page.wait()
        print(f"1000 corrections: {np.median(took):.1f} ms each, the last 50 {np.median(took[-50:]):.1f} ms")
        print(f"page of 30 s with them: {_paged(app, page, 30.0)}")
        was = repr(page.desk.by_hand)
        begun = time.perf_counter()
        for _ in range(1000):
            page.desk.undo()
        page.wait()
        same = repr(lane.after.rows.beats.values.tolist()) == repr(table.rows.beats.values.tolist())
        empty = repr(page.desk.by_hand) == repr(ByHand())
        print(
            f"1000 undone in {time.perf_counter() - begun:.1f} s: nothing left {empty}, same bits {same}",
            end="; ",
        )
        for _ in range(1000):
            page.desk.redo()
        print(f"done again: the same {repr(page.desk.by_hand) == was}")
        page.close_page()


def _paged(app: object, page: object, length: float) -> str:
    """Turn 100 pages; return how long the calls and painting took, and of how much processor time."""
    page.set_length(length)  # type: ignore[attr-defined]
    took, busy = [], time.process_time()
    for k in range(100):
        begun = time.perf_counter()
        page.go_to(20.0 + 35.0 * k)  # type: ignore[attr-defined]
        for part in (page.signal, page.intervals, page.strip):  # type: ignore[attr-defined]
            part.repaint()
        took.append(1e3 * (time.perf_counter() - begun))
        app.processEvents()  # type: ignore[attr-defined]
    late, cost = np.percentile(took, 95), 10.0 * (time.process_time() - busy)
    return f"median {np.median(took):.1f} ms, 95 % under {late:.1f} ms; {cost:.1f} ms of processor time each"


def restore(data: Path | None) -> None:
    """Remove 30 beats of a signal, put them back by hand, and compare RMSSD."""
    signals = {"simulated": simulated(130.0, 1200.0)}
    if data is not None:
        for name in ("100", "121"):
            with np.load(data / "ecg" / f"mitdb_{name}.npz") as file:
                sfreq = float(file["sfreq"])
                values = np.asarray(file["ecg"], np.float64)
            info = replace(signals["simulated"].info, sfreq=sfreq)
            signals[f"MIT-BIH {name}"] = RawSignal(
                info=info, times=T0 + np.arange(len(values)) / sfreq, values=values
            )
    for name, signal in signals.items():
        before = judged(detect(signal))
        beats = before.rows.beats.times
        gone = beats[20 :: (len(beats) - 40) // 30][:30]
        flat = RawSignal(info=signal.info, times=signal.times, values=_without(signal, gone))
        missed, back = detect(flat), edits_of(ByHand(inserted=dict.fromkeys(gone.tolist(), "")))
        print(f"{name}: {_compared(before, judged(missed), judged(missed, back))}")


def _without(signal: RawSignal, beats: FloatArray) -> FloatArray:
    """Return the ECG with a straight line over some beats."""
    values = signal.values.copy()
    for beat in beats.tolist():
        here = slice(*np.searchsorted(signal.times, (beat - 0.09, beat + 0.09)).tolist())
        values[here] = np.linspace(values[here.start], values[here.stop - 1], here.stop - here.start)
    return values


def _compared(before: BeatTable, missed: BeatTable, after: BeatTable) -> str:
    ends = np.arange(before.rows.beats.times[0] + 60.0, before.rows.beats.times[-1], 5.0)
    one, other = (rmssd_at(t.rows, ends, has_shapes=True) for t in (before, after))
    both = np.isfinite(one) & np.isfinite(other)
    off = 100.0 * np.abs(other[both] / one[both] - 1.0)
    whole = [rmssd(t.rows.beats.values) for t in (before, missed, after)]
    fewer = len(before.rows.beats.times) - len(missed.rows.beats.times)
    worst = f"{off.max():.3f} %" if len(off) else "no window"
    return (
        f"RMSSD {whole[0]:.3f} ms, {fewer} beats fewer {whole[1]:.3f} ms, put back {whole[2]:.3f} ms "
        f"({100.0 * (whole[2] / whole[0] - 1.0):+.3f} %); windows of a minute off by at most {worst} "
        f"({int(both.sum())} of {int(np.isfinite(one).sum())})"
    )


def pictures(out: Path) -> None:
    """Draw the editor for the docs: simulated people, some beats corrected."""
    from acquisition.events.corrections import Correction
    from acquisition.events.corrections_file import append_corrections
    from processing.correcting.standing import read_standing
    from tests.processing.simulated_hour import infos, write_hour
    from viewer.corrections.page import CorrectionPage

    folder = Path(tempfile.mkdtemp())
    left_out = set(Modality) - {Modality.ECG, Modality.EDA}
    recording = write_hour(folder / "D01_S01", streams=infos(leave_out=left_out))
    beats = read_standing(recording, "client", "").rows.beats.times
    said = {"role": "client", "signal": "heart", "who": "R2", "when": "2026-11-23T10:00:00+00:00"}
    at = beats[120]
    made = [
        ("delete", {"time": beats[117]}, "no beat here"),
        ("reject", {"time": beats[119]}, "ectopic beat"),
        ("move", {"time": at, "to": at + 0.06}, "beat misplaced"),
        ("insert", {"time": 0.5 * (beats[121] + beats[122])}, "missed beat"),
        ("mark", {"start": beats[123] + 0.3, "stop": beats[125] + 0.4}, "movement"),
    ]
    append_corrections(
        recording,
        [
            Correction(op=op, id=f"a{k}", why=why, **said, **{n: float(t) for n, t in times.items()})
            for k, (op, times, why) in enumerate(made)
        ],
    )

    def look(page: CorrectionPage) -> None:
        page.go_to(float(beats[121]) - page.signal.t0)
        page.view.chosen = float(beats[119]) - page.signal.t0

    def skin(page: CorrectionPage) -> None:
        page.turn(("client", "skin"))
        page.set_length(30.0)
        page.go_to(float(page.desk_lane.found.peaks[6]) - page.signal.t0)

    for theme in ("dark", "light"):
        _picture(recording, out / f"corrections-{theme}.png", theme, look)
        _picture(recording, out / f"corrections-skin-{theme}.png", theme, skin)
    shutil.rmtree(folder)


def _picture(recording: Path, png: Path, theme: str, look: object) -> None:
    from viewer import settings as persistence
    from viewer.opening import codes_of, filled
    from viewer.review.reviewing import Reviewing
    from viewer.window import OperatorWindow, application

    app = application()
    model = filled(recording)
    with tempfile.TemporaryDirectory() as folder:
        kept = persistence.store(Path(folder) / "settings.ini")
        persistence.save(kept, persistence.Settings(theme=theme))
        window = OperatorWindow(
            model,
            None,
            control=None,
            codes=codes_of(model.facts),
            path=recording,
            now=lambda: model.now,
            kept=kept,
            reviewing=Reviewing(recording, editor="R2"),
        )
        window.resize(1280, 720)
        window.show()
        app.processEvents()
        window.draw_all()
        page = window.reviewing.beats if window.reviewing is not None else None
        assert page is not None
        page.wait()
        look(page)  # type: ignore[operator]
        page.refresh()
        app.processEvents()
        window.grab().save(str(png))
        page.close_page()
        window.close()


def main() -> None:
    """Run one case."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("case", choices=("pages", "restore", "pictures"))
    parser.add_argument("out", type=Path, nargs="?", default=Path("docs/images"))
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    if given.case == "pages":
        pages()
    elif given.case == "restore":
        restore(given.data)
    else:
        pictures(given.out)


if __name__ == "__main__":
    main()

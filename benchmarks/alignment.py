"""How well a video is aligned by its sound against voice rows of 1 Hz, and what that costs.

    python -m benchmarks.alignment [--minutes 50] [--repeats 3] [--voices FOLDER FOLDER] [--kept FILE]

Two people talk for an hour (espeak-ng, or recorded sentences of two real speakers); each microphone hears the
other at -10 dB; the rows are made by the product. A camera in the room hears both from afar, with the room's
echo, noise and gain control, on a clock of its own; its hour is one video, or four clips with half a minute
between. Errors are those of the recording's time at beginning, middle and end of each video.
"""

from __future__ import annotations

import argparse
import pickle
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from acquisition.linking.aligning import Alignment, by_voice
from acquisition.linking.hour import Hour
from acquisition.linking.loudness import Listener, Loudness
from acquisition.linking.media import listen
from acquisition.linking.spoken import spoken_of
from acquisition.stream import PEOPLE, FloatArray, Role
from acquisition.voice.models import SFREQ, Samples
from benchmarks.hour_of_talk import clipped, espeak, heard, pieces, recorded, rows_of, talk
from tests.acquisition.linking.hours import write_video

BEGIN = 5000.37
CASES = {
    "quiet room": {"snr": 30.0},
    "noise 10 dB": {"snr": 10.0},
    "gain control": {"snr": 20.0, "agc": True},
    "noise 10 dB and gain control": {"snr": 10.0, "agc": True},
}
Made = tuple[dict[Role, Samples], dict[Role, FloatArray], dict[Role, FloatArray]]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=50.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--voices", type=Path, nargs=2, metavar="FOLDER")
    parser.add_argument("--kept", type=Path, help="where voices and rows are kept for another run")
    args = parser.parse_args()
    own, rows, alone = kept(args.kept, 60 * args.minutes, args.voices)
    both, one = hour_of(rows), hour_of(alone)
    print(
        "microphones, sound, drift, videos: refused | error median, P95, most [ms] | ± median [ms] | within ±"
    )
    for name, said in CASES.items():
        for ppm in (0.0, 300.0):
            for clips in (1, 4):
                print(
                    f"two, {name}, {ppm:g} ppm, {clips}: {tried(own, both, said, ppm, clips, args.repeats)}"
                )
    for name, said in list(CASES.items())[:2]:
        print(f"one, {name}, 300 ppm, 4: {tried(own, one, said, 300.0, 4, args.repeats)}")
    for length in (60.0, 120.0, 300.0):
        print(f"two, noise 10 dB, 100 ppm, clips of {length:g} s: {short(own, both, length, args.repeats)}")
    wrong(own, both, args.repeats)
    cost(own, both)


def kept(path: Path | None, seconds: float, voices: Sequence[Path] | None) -> Made:
    """Return each person's voice, the rows of two microphones and of one; made, or as they were kept."""
    if path is not None and path.exists():
        return pickle.loads(path.read_bytes())  # type: ignore[no-any-return]
    own = talk(recorded(voices) if voices else espeak(), seconds, seed=1)
    made = own, rows_of(own, BEGIN), rows_of(own, BEGIN, [Role.CLIENT])
    if path is not None:
        path.write_bytes(pickle.dumps(made))
    return made


def hour_of(rows: dict[Role, FloatArray]) -> Hour:
    """Return rows as of a recording."""
    spoken = spoken_of({role: (x[:, 0], x[:, 1:]) for role, x in rows.items()})
    return Hour(BEGIN, float(spoken.stops[-1]), spoken, ())


def loudness_of(sound: Samples) -> Loudness:
    """Return the loudness of sound at 16 kHz."""
    listener = Listener()
    listener.push(0, sound)
    return listener.finish()


def tried(
    own: dict[Role, Samples], hour: Hour, said: dict[str, float], ppm: float, clips: int, repeats: int
) -> str:
    """Return the figures of a case."""
    seconds = len(own[Role.CLIENT]) / SFREQ
    spans = [(a + 0.61, b - 0.3) for a, b in pieces(seconds, clips, 30.0)]
    return figures(own, hour, [(said, ppm, spans, seed) for seed in range(repeats)])


def short(own: dict[Role, Samples], hour: Hour, length: float, repeats: int) -> str:
    """Return the figures of short clips."""
    ends = np.arange(60.0, len(own[Role.CLIENT]) / SFREQ - length - 60.0, 3.1 * length)
    spans = [(float(a), float(a) + length) for a in ends][:24]
    return figures(own, hour, [({"snr": 10.0}, 100.0, spans, seed) for seed in range(min(repeats, 2))])


def figures(
    own: dict[Role, Samples],
    hour: Hour,
    runs: Sequence[tuple[dict[str, float], float, Sequence[tuple[float, float]], int]],
) -> str:
    """Return refusals, errors, half-widths and coverage of some runs."""
    errors, widths, refused, n = list[float](), list[float](), 0, 0
    for said, ppm, spans, seed in runs:
        sound = heard(own, seed=seed, **said)  # type: ignore[arg-type]
        for start, stop in spans:
            video = clipped(sound, start, stop, ppm)
            found = by_voice(loudness_of(video), hour)
            n += 1
            if found.reason:
                refused += 1
                continue
            length = len(video) / SFREQ
            errors += [off(found, start, ppm, at) for at in (0.0, length / 2, length)]
            widths += [found.error] * 3
    if not errors:
        return f"{refused} of {n}"
    x, w = 1e3 * np.abs(errors), 1e3 * np.array(widths)
    most = f"{np.median(x):.0f}, {np.percentile(x, 95):.0f}, {x.max():.0f}"
    return f"{refused} of {n} | {most} | {np.median(w):.0f} | {100 * np.mean(x <= w):.0f} %"


def off(found: Alignment, start: float, ppm: float, at: float) -> float:
    """Return the error of the recording's time at a time of the video [s]."""
    return found.offset + at * (1 + 1e-6 * found.drift) - (BEGIN + start + at * (1 + 1e-6 * ppm))


def wrong(own: dict[Role, Samples], hour: Hour, repeats: int) -> None:
    """Print how often a video that does not belong there was aligned: of another hour, and music."""
    seconds = len(own[Role.CLIENT]) / SFREQ
    taken, n = {"another hour": 0, "music": 0}, 0
    for seed in range(repeats):
        # Sentences of the same two voices in another order: the hour cut in stretches of 20 s, shuffled.
        order = np.random.default_rng(seed).permutation(int(seconds // 20))
        other = {
            role: np.concatenate([own[role][k * 20 * SFREQ : (k + 1) * 20 * SFREQ] for k in order])
            for role in PEOPLE
        }
        for start, stop in pieces(seconds, 4, 30.0):
            n += 1
            for name, sound in (
                ("another hour", heard(other, seed=seed)),
                ("music", heard(own, seed=seed, music=True)),
            ):
                found = by_voice(loudness_of(clipped(sound, start, stop, 0.0)), hour)
                taken[name] += not found.reason
    print(", ".join(f"{name}: {k} of {n} aligned" for name, k in taken.items()))


def cost(own: dict[Role, Samples], hour: Hour) -> None:
    """Print the CPU time of one video of the whole hour: decoded, and aligned."""
    with TemporaryDirectory() as folder:
        path = write_video(Path(folder) / "hour.mp4", heard(own, snr=20.0))
        cpu = time.process_time()
        _, loudness = listen(path)
        decoded = time.process_time() - cpu
        by_voice(loudness, hour)
        both = time.process_time() - cpu
    print(
        f"{loudness.duration / 60:.0f} minutes of AAC: heard in {decoded:.1f} s CPU, aligned in {both:.1f} s"
    )


if __name__ == "__main__":
    main()

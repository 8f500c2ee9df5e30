"""No speech, no frame and no spectrum on the disk without consent, whatever becomes of the recorder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from acquisition.event import Event
from acquisition.events.pauses import Pauses
from acquisition.recording.recording import Recording
from acquisition.stream import PEOPLE, Chunk, FloatArray, Modality, Role, StreamInfo
from acquisition.voice import summary
from acquisition.voice.models import Samples
from acquisition.voice.prosody import Prosody
from acquisition.voice.rows import ROW_CHANNELS, TURN_CHANNELS
from tests.acquisition.speech import alternating, dialogue, need_models, write_wav

pytestmark = [pytest.mark.realtime, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
BETWEEN = 24
"""Most bytes that a stamp or other values may put between two values that are searched for."""
DEADLINE = 90.0


def traces(values: FloatArray, forms: Iterable[str]) -> list[re.Pattern[bytes]]:
    """Return what finds values in a row in any of these number formats, even with others between."""
    gap = b".{0,%d}?" % BETWEEN
    return [re.compile(gap.join(re.escape(v.astype(f).tobytes()) for v in values), re.DOTALL) for f in forms]


def sound_traces(samples: Samples) -> list[re.Pattern[bytes]]:
    """Return what finds speech: 16-bit and float samples of its loudest places."""
    whole = np.rint(samples.astype(np.float64) * 32768.0)
    loud = [k for k in range(0, len(whole) - 8, 997) if len(np.unique(np.abs(whole[k : k + 8]))) == 8]
    loud = sorted(loud, key=lambda k: -float(np.abs(whole[k : k + 8]).min()))[:40]
    out = []
    for k in loud:
        out += traces(whole[k : k + 8], ("<i2", "<i4"))
        out += traces(whole[k : k + 8] / 32768.0, ("<f4", "<f8"))
    return out


def files_of(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def found(folder: Path, patterns: Sequence[re.Pattern[bytes]]) -> list[str]:
    return [p.name for p, data in files_of(folder).items() if any(t.search(data) for t in patterns)]


def frames_of(wav_channels: dict[Role, Samples], monkeypatch: pytest.MonkeyPatch) -> dict[str, FloatArray]:
    """Return every frame that is made of the sound, by name of its value, and power spectra."""
    kept: dict[str, list[float]] = {"power": [], "f0": [], "alpha": [], "mid": [], "level": []}
    push, rfft = summary.Summary.push, np.fft.rfft
    spectra: list[FloatArray] = []

    def keep(self: summary.Summary, frame: summary.Frame) -> None:
        for name, values in kept.items():
            values.append(getattr(frame, name))
        push(self, frame)

    def spectrum(x: FloatArray) -> object:
        out = rfft(x)
        spectra.append((out.real**2 + out.imag**2)[4:12])
        return out

    monkeypatch.setattr(summary.Summary, "push", keep)
    monkeypatch.setattr(np.fft, "rfft", spectrum)
    prosody = Prosody(list(wav_channels), need_models(), gains={})
    for role, x in wav_channels.items():
        sound = (np.rint(x * 32768.0) / 32768.0).astype(np.float32)
        prosody.push(role, np.arange(len(sound)) / 16000.0, sound)
    prosody.finish()
    monkeypatch.undo()
    return {name: np.array(v) for name, v in kept.items()} | {"spectrum": np.array(spectra[50:80]).ravel()}


def frame_traces(frames: dict[str, FloatArray]) -> list[re.Pattern[bytes]]:
    out = []
    for values in frames.values():
        known = values[np.isfinite(values)]
        for k in range(0, len(known) - 3, max(1, len(known) // 30)):
            if len(np.unique(known[k : k + 3])) == 3:
                out += traces(known[k : k + 3], ("<f4", "<f8"))
    return out


def rows_stored(folder: Path) -> int:
    for path in folder.glob("20*"):
        if list(path.glob("*.xdf")):
            chunks = [i for i in Recording(path) if isinstance(i, Chunk) and i.info.channels == ROW_CHANNELS]
            return sum(int(np.isfinite(c.samples[:, 1]).sum()) for c in chunks)
    return 0


def record_and_kill(folder: Path, wav: Path, *, raw: bool) -> None:
    """Record in a child until both voices have rows, then kill it; its output and temporary files stay."""
    folder.mkdir()
    environment = os.environ | {"HOME": str(folder), "TMPDIR": str(folder), "XDG_CACHE_HOME": str(folder)}
    command = [sys.executable, "-m", "tests.acquisition.voice_child", str(folder), str(wav)]
    with (folder / "child.log").open("wb") as log:
        child = subprocess.Popen(
            command + ["raw"] * raw, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            deadline = time.monotonic() + DEADLINE
            while rows_stored(folder) < 6:
                assert child.poll() is None, (folder / "child.log").read_text()
                assert time.monotonic() < deadline, (folder / "child.log").read_text()
                time.sleep(0.2)
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait(60.0)


def test_after_a_kill_there_is_speech_on_the_disk_only_with_consent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_models()
    starts, seconds = alternating(2, pause=0.3)
    mics, _ = dialogue(starts, seconds)
    write_wav(tmp_path / "two.wav", [mics[Role.THERAPIST], mics[Role.CLIENT]])
    sound = [t for role in PEOPLE for t in sound_traces(mics[role][: 8 * 16000])]
    frames = frame_traces(frames_of({r: mics[r] for r in (Role.THERAPIST, Role.CLIENT)}, monkeypatch))
    assert len(sound) > 100
    assert len(frames) > 200

    record_and_kill(tmp_path / "raw", tmp_path / "two.wav", raw=True)
    with_speech = found(tmp_path / "raw", sound)
    assert sorted(with_speech) == ["client.xdf", "therapist.xdf"]  # the search finds what is there

    record_and_kill(tmp_path / "kept", tmp_path / "two.wav", raw=False)
    names = {p.name for p in files_of(tmp_path / "kept")}
    assert {"client.xdf", "therapist.xdf", "session.toml", "child.log"} <= names
    assert found(tmp_path / "kept", sound) == []
    assert found(tmp_path / "kept", frames) == []


def test_the_search_finds_frames_and_spectra_among_other_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mics, _ = dialogue([(Role.CLIENT, 0.2)], 3.0)
    frames = frames_of({Role.CLIENT: mics[Role.CLIENT]}, monkeypatch)
    for name, values in frames.items():
        known = values[np.isfinite(values)]
        for form in ("<f4", "<f8"):
            rows = np.zeros((len(known), 2))
            rows[:, 0] = known
            path = tmp_path / f"{name}{form[1:]}"
            path.mkdir()
            (path / "leak").write_bytes(b"x" + rows.astype(form).tobytes())
            assert found(path, frame_traces({name: values})) == ["leak"], (name, form)


def info(channels: tuple[str, ...]) -> StreamInfo:
    return StreamInfo(
        name="Voice", role=Role.CLIENT, modality=Modality.VOICE, sfreq=0.0, unit="", channels=channels
    )


def test_rows_and_turns_that_began_before_the_resume_are_not_kept() -> None:
    pauses = Pauses()
    pauses.pause(Event(time=90.0, code="consent_pause", phase="on", actor="client"))
    pauses.resume(Role.CLIENT, 100.0)
    rows = Chunk(info(ROW_CHANNELS), np.array([100.5, 101.0, 102.0]), np.zeros((3, len(ROW_CHANNELS))))
    kept = pauses.admit(rows)
    assert isinstance(kept, Chunk)
    assert kept.times.tolist() == [101.0, 102.0]
    turns = np.zeros((3, len(TURN_CHANNELS)))
    turns[:, 0] = (20.0, 2.0, 1.0)
    kept = pauses.admit(Chunk(info(TURN_CHANNELS), np.array([101.0, 101.5, 103.0]), turns))
    assert isinstance(kept, Chunk)
    assert kept.times.tolist() == [103.0]

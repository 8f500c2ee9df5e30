"""Every shipped profile: what its driver says of its channels, and what stands for its device."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from acquisition.drivers import Driver
from acquisition.drivers.table import TABLE
from acquisition.lsl.network import describe
from acquisition.lsl.outlet import announce
from acquisition.recorder.begin import open_drivers
from acquisition.session.profile import load_profile, shipped
from acquisition.session.toml import parse_session
from acquisition.stream import Modality, Role
from acquisition.xdf.header import header_xml

HEAD = """
[session]
id = "profiles"
crisis_contact = "nobody: emulated devices"
[client]
code = "C01"
consent = { version = "t", ecg = true, eda = true, acc = true, resp = true, voice = true, rating = true }
[therapist]
code = "T01"
consent = { version = "t", ecg = true, eda = true }
"""
UNITS: dict[Modality, tuple[str, ...]] = {
    Modality.ECG: ("mV", "uV"),
    Modality.EDA: ("uS",),
    Modality.RR: ("ms", "1/1024 s"),
    Modality.PPI: ("ms",),
    Modality.ACC: ("mg", "g"),
    Modality.DEVICE_TIME: ("ns",),
}
"""What a device sends; the others have none, or what the sender says."""
WITHOUT = {(Modality.RR, "contact"), (Modality.PPI, "contact"), (Modality.DEVICE_TIME, "samples")}


def opened(profile: str, *, settings: str = "") -> list[Driver]:
    """Open the driver of a profile for one device on the client."""
    of_lsl = load_profile(profile).driver == "lsl"
    which = 'source_id = "somebody"' if of_lsl else 'address = "C0:00:00:00:00:01"'
    device = f'[[device]]\nrole = "client"\nprofile = "{profile}"\n{which}\n{settings}\n'
    return open_drivers(parse_session(HEAD + device, "session.toml"))[0]


@pytest.mark.parametrize("profile", shipped())
def test_every_channel_has_its_own_unit_in_files_and_over_lsl(profile: str, tmp_path: Path) -> None:
    driver, settings = load_profile(profile).driver, ""
    if driver == "wav_file":
        with wave.open(str(tmp_path / "x.wav"), "wb") as sound:
            sound.setparams((1, 2, 48_000, 0, "NONE", ""))
            sound.writeframes(bytes(96_000))
        settings = f'settings = {{ path = "{tmp_path / "x.wav"}" }}'
    elif TABLE[driver].twin:
        settings = "settings = { emulated = true }"
    infos = [info for one in opened(profile, settings=settings) for info in one.streams()]
    assert infos
    for info in infos:
        assert info.role is Role.CLIENT
        said = announce(info)
        assert said.units == describe(header_xml(info).decode(), len(info.channels)).units
        for label, unit in zip(said.labels, said.units, strict=True):
            if (info.modality, label) in WITHOUT:
                assert unit == "", (info.name, label)
            elif driver != "lsl" and info.modality in UNITS:
                assert unit in UNITS[info.modality], (info.name, label)
            else:
                assert unit == info.unit, (info.name, label)

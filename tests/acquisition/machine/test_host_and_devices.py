from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from acquisition.machine import devices
from acquisition.machine.devices import bluetooth
from acquisition.machine.finding import Finding, examined
from acquisition.machine.host import ENCRYPTED, disk, encryption, sleep

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files of the system as Linux has them")


def machine(root: Path, folder: Path, kind: str = "ext4") -> Path:
    """Lay out a system on whose disk a folder is, and return the disk's place in it."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text(f"1 0 8:1 / / rw - {kind} /dev/none rw\n")
    number = folder.stat().st_dev
    place = root / "sys/dev/block" / f"{os.major(number)}:{os.minor(number)}"
    place.mkdir(parents=True)
    return place


def states(findings: object) -> list[str]:
    assert isinstance(findings, list)
    return [f.state for f in findings]


def test_an_encrypted_volume_is_told_through_what_lies_on_it(tmp_path: Path) -> None:
    place = machine(tmp_path / "root", tmp_path)
    assert states(list(encryption(tmp_path, tmp_path / "root"))) == ["note"]
    volume = place / "slaves" / "dm-0"
    (volume / "dm").mkdir(parents=True)
    (volume / "dm" / "uuid").write_text("CRYPT-LUKS2-0123-root\n")
    assert states(list(encryption(tmp_path, tmp_path / "root"))) == ["ok"]
    (place / "slaves" / "sdb1").mkdir()  # half of it lies on a disk that is not
    assert states(list(encryption(tmp_path, tmp_path / "root"))) == ["note"]


@pytest.mark.parametrize(("kind", "state"), [*((k, "ok") for k in ENCRYPTED), ("cifs", "note")])
def test_the_file_system_decides_where_it_is_one_that_encrypts(kind: str, state: str, tmp_path: Path) -> None:
    machine(tmp_path / "root", tmp_path, kind)
    assert states(list(encryption(tmp_path, tmp_path / "root"))) == [state]


def test_a_file_system_without_a_disk_cannot_be_told(tmp_path: Path) -> None:
    machine(tmp_path / "root", tmp_path, "overlay").rmdir()
    assert states(list(encryption(tmp_path, tmp_path / "root"))) == ["unknown"]


def test_a_folder_that_is_a_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert states(list(disk(tmp_path / "file"))) == ["missing"]
    assert states(list(disk(tmp_path / "new" / "folder"))) in (["ok"], ["note"])


@pytest.mark.parametrize(
    ("absent", "said"),
    [
        ("av", "videos cannot be linked: av not installed"),
        ("sounddevice", "videos can be linked, and are not heard: sounddevice not installed"),
        ("portaudio", "videos can be linked, and are not heard: PortAudio is not installed"),
        ("", "videos can be linked"),
    ],
)
def test_what_a_video_lacks_is_told(absent: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "find_spec", lambda name: None if name == absent else name)
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None if name == absent else name)
    (found,) = devices.video()
    assert (found.said, found.state) == (said, "note" if absent else "ok")


def test_bluetooth_names_the_packages_that_are_missing(tmp_path: Path) -> None:
    found = list(bluetooth(tmp_path))
    assert [f.packages for f in found] == [("dbus",), ("bluez",), ()]
    (tmp_path / "run/dbus").mkdir(parents=True)
    (tmp_path / "run/dbus/system_bus_socket").touch()
    (tmp_path / "usr/libexec/bluetooth").mkdir(parents=True)
    (tmp_path / "usr/libexec/bluetooth/bluetoothd").touch()
    (tmp_path / "sys/class/bluetooth/hci0").mkdir(parents=True)
    assert ["systemctl" in f.mend for f in bluetooth(tmp_path)] == [True, False]
    (tmp_path / "proc/12").mkdir(parents=True)
    (tmp_path / "proc/12/comm").write_text("bluetoothd\n")
    assert states(list(bluetooth(tmp_path))) == ["ok"]
    switch = tmp_path / "sys/class/rfkill/rfkill0"
    switch.mkdir(parents=True)
    for name, text in (("type", "bluetooth"), ("soft", "1"), ("hard", "0")):
        (switch / name).write_text(f"{text}\n")
    assert [f.mend for f in bluetooth(tmp_path)] == ["rfkill unblock bluetooth"]


def test_sleep_is_told_unless_it_is_masked(tmp_path: Path) -> None:
    assert states(list(sleep(tmp_path))) == ["ok"]
    (tmp_path / "sys/power").mkdir(parents=True)
    (tmp_path / "sys/power/state").write_text("freeze mem disk\n")
    assert states(list(sleep(tmp_path))) == ["note"]
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/systemd/system/sleep.target").symlink_to("/dev/null")
    assert states(list(sleep(tmp_path))) == ["ok"]


@pytest.mark.parametrize("error", [OSError(5, "broken"), ValueError(""), KeyError("x\ny")])
def test_a_check_that_fails_is_a_finding(error: Exception) -> None:
    def check() -> list[Finding]:
        raise error

    found = examined("disk", check)
    assert states(found) == ["unknown"] and "\n" not in found[0].said

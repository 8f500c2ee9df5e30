"""Which device is on whom: the session file first, then last time, then what fits."""

from __future__ import annotations

import pytest

from acquisition.devices.nearby import Found
from acquisition.session.session import Device
from acquisition.session.toml import parse_session
from acquisition.stream import Role
from viewer.setup.assignment import (
    Candidate,
    candidates,
    carried,
    device_of,
    devices_of,
    memory,
    memory_key,
    strength,
    verdict_of,
)

BELT = Found(kind="ble", name="Polar H10 A", identity="C7:4C:DA:51:37:51", profile="polar_h10", rssi=-62)
TWIN = Found(kind="ble", name="Polar H10 A", identity="C7:4C:DA:51:37:52", profile="polar_h10", rssi=-88)
SENDER = Found(kind="lsl", name="OpenSignals", identity="opensignals-7", profile="opensignals")
NAMELESS = Found(kind="lsl", name="GSR", identity="", profile="lsl_eda")
STRANGE = Found(kind="ble", name="", identity="11:22:33:44:55:66", profile="", rssi=-95)
OWN = Device(role=Role.CLIENT, profile="lsl_eda", source_id="opensignals-7", channel="EDA", unit="uS")
SESSION = parse_session(
    '[session]\nid = "D07_S03"\ncrisis_contact = "ext. 1"\n[client]\ncode = "C07"\n'
    '[therapist]\ncode = "T02"\n'
    '[[device]]\nrole = "dyad"\nprofile = "lsl_markers"\nsource_id = "pedal"\n',
    "session.toml",
)


def test_session_file_comes_first_and_its_details_stay() -> None:
    first, second = candidates([BELT, SENDER], [OWN], {memory_key(SENDER): "therapist opensignals"})
    assert (first.found, first.role, first.profile) == (SENDER, "client", "lsl_eda")
    assert device_of(first) == OWN
    assert (second.found, second.role, second.profile) == (BELT, "", "polar_h10")


def test_last_time_is_remembered_until_the_device_is_on_nobody() -> None:
    worn = candidates([BELT], [], {})[0]
    kept = memory([Candidate(found=worn.found, device=None, role="therapist", profile="heart_rate")], {})
    again = candidates([BELT, TWIN], [], kept)
    assert [(c.role, c.profile, c.remembered) for c in again] == [
        ("therapist", "heart_rate", True),
        ("", "polar_h10", False),
    ]
    assert memory([candidates([BELT], [], {})[0]], kept) == {}
    assert candidates([BELT], [], {memory_key(BELT): "client gone_profile"})[0].profile == "polar_h10"


def test_two_belts_of_one_name_are_told_apart_by_address() -> None:
    device = Device(role=Role.THERAPIST, profile="polar_h10", address=TWIN.identity.lower())
    listed = candidates([BELT, TWIN], [device], {})
    assert [(c.found, c.role) for c in listed] == [(TWIN, "therapist"), (BELT, "")]


@pytest.mark.parametrize(("found", "words"), [(NAMELESS, "source_id"), (STRANGE, "profile")])
def test_what_cannot_be_bound_says_why_and_is_left_out(found: Found, words: str) -> None:
    c = Candidate(found=found, device=None, role="client", profile=found.profile)
    assert words in c.fault
    assert devices_of([c], SESSION) == SESSION.devices


def test_devices_of_the_room_stay() -> None:
    worn = [
        Candidate(found=f, device=None, role=r, profile=f.profile)
        for f, r in ((BELT, "client"), (SENDER, "therapist"))
    ]
    assert devices_of(worn, SESSION) == (
        Device(role=Role.CLIENT, profile="polar_h10", address=BELT.identity),
        Device(role=Role.THERAPIST, profile="opensignals", source_id="opensignals-7"),
        *SESSION.devices,
    )


def test_macos_shows_no_addresses_so_the_name_is_written() -> None:
    c = Candidate(found=BELT, device=None, role="client", profile="polar_h10")
    assert device_of(c, platform="darwin") == Device(
        role=Role.CLIENT, profile="polar_h10", name="Polar H10 A"
    )


def test_choices_stay_when_devices_are_looked_for_again() -> None:
    chosen = [
        Candidate(found=BELT, device=None, role="client", profile="heart_rate"),
        Candidate(found=TWIN, device=None, role="therapist", profile="polar_h10"),
    ]
    again = carried(candidates([BELT], [], {}), chosen)
    assert [(c.identity, c.role, c.profile, c.kind) for c in again] == [
        (BELT.identity, "client", "heart_rate", "ble"),
        (TWIN.identity, "therapist", "polar_h10", ""),
    ]


def test_signal_strength_in_bars_and_words() -> None:
    assert [strength(r)[0] for r in (None, -95, -85, -75, -65, -40)] == [0, 0, 1, 2, 3, 4]
    assert strength(-40)[1] == "strong, -40 dBm"


def test_verdict_of_a_device_holds_those_of_its_streams() -> None:
    device = Device(role=Role.CLIENT, profile="polar_h10", address=BELT.identity)
    good = [
        {"part": "device", "what": device.title, "ok": True, "text": "rssi -50 dBm, mtu 517, battery 87 %"},
        {"part": "stream", "what": "client H10 ECG", "ok": True, "text": "130 Hz"},
        {"part": "stream", "what": "therapist H10 ECG", "ok": False, "text": "no samples"},
    ]
    assert verdict_of(device, good) == (True, "battery 87 %; H10 ECG")
    bad = [*good, {"part": "stream", "what": "client H10 RR", "ok": False, "text": "no samples"}]
    assert verdict_of(device, bad) == (False, "H10 RR: no samples")
    assert verdict_of(device, []) is None

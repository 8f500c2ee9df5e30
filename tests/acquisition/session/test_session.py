from __future__ import annotations

import math
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import AttunementError, SessionError
from acquisition.session.session import (
    Consent,
    Device,
    Participant,
    Recorded,
    Session,
    missing_consent,
    permitted,
)
from acquisition.session.toml import dump_session, load_session, parse_session
from acquisition.stream import Modality, Role, StreamInfo

EXAMPLE = """
[session]
id = "D07_S03"
dyad = "D07"
number = 3
crisis_contact = "duty clinician, ext. 4400"

[client]
code = "C07"
consent = { version = "2026-10", ecg = true, eda = true, voice = true, raw_audio = false, view = false }
[therapist]
code = "T02"
consent = { version = "2026-10", ecg = true, eda = true, voice = true, raw_audio = false, view = true }

[[device]]
role = "client"
profile = "lsl_ecg"
name = "Polar H10 12345678"
[[device]]
role = "therapist"
profile = "lsl_eda"
source_id = "opensignals-0007"
channel = "EDA"
unit = "uS"

[recording]
directory = "recordings"
[lsl]
scope = "machine"
publish = ["ecg", "indices"]
[events]
profile = "technician"
"""


def faults(text: str) -> list[str]:
    with pytest.raises(SessionError) as caught:
        parse_session(text, "session.toml")
    assert str(caught.value).splitlines() == [f"session.toml: {f}" for f in caught.value.faults]
    return caught.value.faults


def test_the_example_is_read() -> None:
    session = parse_session(EXAMPLE, "session.toml")
    assert (session.id, session.dyad, session.number) == ("D07_S03", "D07", 3)
    assert session.participant(Role.THERAPIST).consent.view
    assert session.devices[1].channel == "EDA"
    assert session.devices[0].definition is not None
    assert session.devices[0].definition.driver == "lsl"


def test_what_is_written_is_read_back_as_the_same() -> None:
    session = parse_session(EXAMPLE, "session.toml")
    info = StreamInfo(
        name='quote " back \\ tab',
        role=Role.CLIENT,
        modality=Modality.EDA,
        sfreq=math.nan,
        unit="µS",
        channels=(),
        source_id="x",
    )
    recorded = Recorded(
        started="2026-11-22T10:00:00Z",
        streams=(info,),
        versions={"attunement": "0.1.0"},
        vocabulary="sha256:0",
    )
    session = replace(session, recorded=recorded)
    again = parse_session(dump_session(session), "session.toml")
    assert again == session
    assert again.devices[0].definition is None  # a recording does not depend on profiles


def test_a_recording_is_read_although_its_profile_is_gone() -> None:
    text = EXAMPLE.replace("lsl_ecg", "mine/gone.toml")
    assert "gone.toml" in faults(text)[0]
    recorded = text + '\n[recorded]\nstarted = "2026-11-22"\n'
    assert parse_session(recorded, "session.toml").devices[0].profile == "mine/gone.toml"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("ecg = true, eda", 'ecg = "yes", eda', '[client] consent.ecg = "yes": must be true or false'),
        ('code = "C07"', 'code = "Anna"', '[client] code = "Anna": must be a code'),
        ('code = "T02"', 'code = "C07"', '[therapist] code = "C07": also the client\'s'),
        ('crisis_contact = "duty clinician, ext. 4400"', "", "[session] crisis_contact: missing"),
        ('"duty clinician, ext. 4400"', '" "', '[session] crisis_contact = " ": whom to call'),
        ('"D07_S03"', '"../D07"', '[session] id = "../D07": must be letters'),
        ('"D07_S03"', '"Anna_Smith"', '[session] id = "Anna_Smith": must be letters'),
        ("number = 3", "number = -3", "[session] number = -3: must be a whole number from 0"),
        ("number = 3", "number = 3\ncolour = 1", "[session] colour = 1: unknown key (known: id, dyad"),
        (
            'role = "client"',
            'role = "patient"',
            '[[device]] 1 role = "patient": must be one of client, therap',
        ),
        ('"lsl_ecg"', '"polr"', "[[device]] 1 profile = \"polr\": no device profile named 'polr' (known: "),
        ('name = "Polar H10 12345678"', "", "[[device]] 1 source_id: missing (source_id or name"),
        ('"opensignals-0007"', '""', '[[device]] 2 source_id = "": must not be empty'),
        ('unit = "uS"', 'unit = "mV"', "[[device]] 2 unit = \"mV\": eda: 'mV' cannot be converted to µS"),
        ('channel = "EDA"', "channel = true", "[[device]] 2 channel = true: must be a label or a number"),
        ('"ecg", "indices"', '"soul"', '[lsl] publish = ["soul"]: no "soul" (known: ecg'),
        ('"machine"', '"world"', '[lsl] scope = "world": must be one of machine, link, site'),
        (
            '"technician"',
            '"pilot"',
            '[events] profile = "pilot": must be one of therapist, technician, rater',
        ),
        ('version = "2026-10", ', "", "[client] consent.version: missing (which consent form"),
        ("[session]", "[sessions]", "[session]: missing"),
        ("[recording]", "recording = 3\n[record]", "unknown key"),
    ],
)
def test_a_fault_names_key_value_and_what_is_allowed(old: str, new: str, fault: str) -> None:
    assert old in EXAMPLE
    found = faults(EXAMPLE.replace(old, new, 1))
    assert any(fault in f for f in found), found


def test_all_faults_are_told_at_once() -> None:
    text = (
        EXAMPLE.replace('"C07"', '"Anna"').replace("number = 3", "number = 1.5").replace('"uS"', '"parsec"')
    )
    assert len(faults(text)) == 3


def test_a_sender_bound_twice_is_refused_but_two_of_its_channels_are_not() -> None:
    twice = EXAMPLE.replace('name = "Polar H10 12345678"', 'source_id = "opensignals-0007"\nchannel = "EDA"')
    assert "also bound by device 1" in faults(twice)[0]
    parse_session(twice.replace('channel = "EDA"', 'channel = "ECG"', 1), "session.toml")


def test_a_file_that_is_not_toml_or_not_there_is_named(tmp_path: Path) -> None:
    assert faults("[session")[0].startswith("not TOML")
    with pytest.raises(SessionError, match="no such file"):
        load_session(tmp_path / "session.toml")
    (tmp_path / "session.toml").write_bytes(b"\xff")
    with pytest.raises(SessionError, match="not UTF-8"):
        load_session(tmp_path / "session.toml")
    (tmp_path / "session.toml").write_bytes(b"#" * (1 << 21))
    with pytest.raises(SessionError, match="longer than"):
        load_session(tmp_path / "session.toml")


def test_a_profile_path_starts_at_the_session_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('driver = "lsl"\ntitle = "Mine"\n[[stream]]\nmodality = "ecg"\n')
    (tmp_path / "session.toml").write_text(EXAMPLE.replace('"lsl_ecg"', '"mine.toml"'))
    definition = load_session(tmp_path / "session.toml").devices[0].definition
    assert definition is not None
    assert definition.title == "Mine"


def person(**consent: bool) -> Participant:
    return Participant("C07", Consent(version="1", **consent))


def make(client: Participant, *devices: Device) -> Session:
    return Session(id="S1", crisis_contact="x", client=client, therapist=Participant("T02"), devices=devices)


def test_absent_consent_means_no_and_the_line_says_what_is_needed() -> None:
    text = EXAMPLE.replace("consent = {", "# consent = {")
    devices, refusals = permitted(parse_session(text, "session.toml"))
    assert devices == []
    assert "lsl_ecg" in refusals[0]
    assert refusals[0].endswith("stream ecg is not opened: [client] consent.ecg must be true")


def test_consent_to_ecg_covers_beats_and_the_respiration_of_that_device_only() -> None:
    session = make(person(ecg=True))
    assert not missing_consent(session, Role.CLIENT, Modality.RR)
    assert not missing_consent(session, Role.CLIENT, Modality.PPI)
    assert missing_consent(session, Role.CLIENT, Modality.RESP) == ["[client] consent.resp"]
    assert not missing_consent(session, Role.CLIENT, Modality.RESP, beside=[Modality.ECG])
    assert missing_consent(session, Role.CLIENT, Modality.ACC)
    assert missing_consent(session, Role.CLIENT, Modality.AUDIO) == ["[client] consent.raw_audio"]


def test_a_stream_of_the_room_needs_consent_of_both() -> None:
    session = make(person(voice=True))
    assert missing_consent(session, Role.DYAD, Modality.VOICE) == ["[therapist] consent.voice"]
    assert not missing_consent(session, Role.DYAD, Modality.MARKERS)


def test_only_streams_with_consent_are_left_in_a_device() -> None:
    text = EXAMPLE.replace('"lsl_ecg"', '"simulated"').replace("eda = true, voice = true", "eda = false", 1)
    devices, refusals = permitted(parse_session(text, "session.toml"))
    assert devices[0].definition is not None
    assert {s.modality for s in devices[0].definition.streams} == {Modality.ECG, Modality.RESP}
    assert [line.split(": ")[1] for line in refusals] == [
        f"stream {name} is not opened" for name in ("EDA", "Voice", "Voice turns")
    ]


@settings(max_examples=40, deadline=None)
@given(
    table=st.sampled_from(["session", "client", "recording", "lsl", "events"]),
    key=st.from_regex(r"[a-z_]{1,12}", fullmatch=True),
    value=st.one_of(st.integers(0, 9), st.booleans(), st.text("ab c", max_size=5), st.just([1])),
)
def test_any_key_is_known_or_told(table: str, key: str, value: Any) -> None:
    data = tomllib.loads(EXAMPLE)
    known = {
        "session": "id dyad number crisis_contact",
        "client": "code consent",
        "recording": "directory cycle",
    }
    known |= {"lsl": "scope session_id publish", "events": "profile vocabulary"}
    if key in known[table].split() or key in data[table]:
        return
    literal = str(value).lower() if not isinstance(value, str | list) else repr(value).replace("'", '"')
    text = EXAMPLE.replace(f"[{table}]", f"[{table}]\n{key} = {literal}")
    assert [f for f in faults(text) if f"{key} = " in f and "unknown key" in f]


@settings(max_examples=40, deadline=None)
@given(
    st.recursive(
        st.one_of(st.integers(), st.booleans(), st.floats(), st.text(max_size=8)),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    st.sampled_from(["session", "client", "therapist", "device", "recording", "lsl", "events", "recorded"]),
)
def test_no_value_of_a_table_crashes_the_parser(value: Any, key: str) -> None:
    from acquisition.session.toml_table import literal

    try:
        text = f"{key} = {literal(value)}"
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeEncodeError):
        return
    with pytest.raises(AttunementError):
        parse_session(text, "session.toml")

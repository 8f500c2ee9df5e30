"""Which stream is meant, what it is called, and what is refused; without a network."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acquisition.errors import StreamError
from acquisition.lsl.binding import Binding, bindings_of, check_shape, fit, provisional
from acquisition.lsl.network import Description, Remote, channel_number, configure, describe
from acquisition.session.profile import load_profile
from acquisition.session.session import Device
from acquisition.stream import Modality, Role
from tests.acquisition.lsl_sender import binding


def remote(**changes: Any) -> Remote:
    said: dict[str, Any] = {"name": "OpenSignals", "type": "EDA", "source_id": "os-7", "host": "lab"}
    said |= {"uid": "u", "sfreq": 100.0, "format": "int32", "n_channels": 1, "found": None}
    return Remote(**(said | changes))


def described(*channels: tuple[str, str]) -> Description:
    return Description(tuple(label for label, _ in channels), tuple(unit for _, unit in channels), {})


def device(**changes: Any) -> Device:
    said: dict[str, Any] = {"role": Role.CLIENT, "profile": "lsl_eda", "definition": load_profile("lsl_eda")}
    return Device(**(said | {"source_id": "os-7"} | changes))


XML = (
    "<info><name>n</name><desc><manufacturer>m</manufacturer><channels>"
    "<channel><name>A</name></channel><channel><label>B</label><unit>uS</unit></channel></channels></desc></info>"
)


def test_a_label_may_be_called_name_and_a_missing_one_is_a_number() -> None:
    said = describe(XML, 3)
    assert said.labels == ("A", "B", "2")
    assert said.units == ("", "uS", "")
    assert said.facts == {"lsl_name": "n", "manufacturer": "m"}


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ("<info><name>" + "x" * (1 << 20) + "</name></info>", "too large"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><info/>', "entities"),
        ("<info>", "not XML"),
    ],
)
def test_a_description_that_is_too_much_or_broken_is_refused(xml: str, reason: str) -> None:
    with pytest.raises(StreamError, match=reason):
        describe(xml, 1)


@pytest.mark.parametrize(("channel", "index"), [("EDA", 1), ("eda", 1), (0, 0), ("0", 0), ("7", 2)])
def test_a_channel_is_found_by_label_or_number(channel: str | int, index: int) -> None:
    assert channel_number(("ECG", "EDA", "7"), channel) == index


@pytest.mark.parametrize("channel", ["RESP", 3, "-1"])
def test_a_channel_that_is_not_there_names_the_choices(channel: str | int) -> None:
    with pytest.raises(StreamError, match=r"0 'ECG', 1 'EDA', 2 '7'"):
        channel_number(("ECG", "EDA", "7"), channel)


def test_a_label_that_fits_two_channels_is_refused() -> None:
    with pytest.raises(StreamError, match="several"):
        channel_number(("A", "A"), "A")


def test_the_rate_is_unknown_until_the_stream_is_found() -> None:
    assert math.isnan(provisional(binding("s")).sfreq)


def test_format_rate_and_name_stay_as_the_sender_says() -> None:
    info, column = fit(binding("os-7", modality=Modality.EDA), remote(), described(("EDA", "uS")))
    assert (info.format, info.sfreq, info.unit, info.channels, column) == (
        "int32",
        100.0,
        "uS",
        ("EDA",),
        None,
    )
    assert info.key == provisional(binding("os-7", modality=Modality.EDA)).key


def test_the_unit_of_the_session_serves_where_the_stream_says_none_or_an_unknown_one() -> None:
    wanted = binding("os-7", modality=Modality.EDA, unit="nS")
    assert fit(wanted, remote(), described(("EDA", "")))[0].unit == "nS"
    assert fit(wanted, remote(), described(("EDA", "furlong")))[0].unit == "nS"
    assert fit(wanted, remote(), described(("EDA", "microsiemens")))[0].unit == "microsiemens"


def test_a_unit_that_nobody_says_is_refused_with_the_choices() -> None:
    with pytest.raises(StreamError, match="unit = uS, nS, S or kOhm"):
        fit(binding("os-7", modality=Modality.EDA), remote(), described(("EDA", "furlong")))


def test_a_stream_of_several_channels_needs_one_chosen() -> None:
    said = described(("ECG", "mV"), ("EDA", "uS"))
    with pytest.raises(StreamError, match=r"0 'ECG', 1 'EDA'"):
        fit(binding("os-7"), remote(), said)
    info, column = fit(binding("os-7", channel="ECG"), remote(), said)
    assert (info.channels, info.unit, column) == (("ECG",), "mV", 0)


def test_acceleration_takes_all_channels() -> None:
    said = described(("x", "g"), ("y", "g"), ("z", "g"))
    info, column = fit(binding("os-7", modality=Modality.ACC), remote(), said)
    assert (info.channels, column) == (("x", "y", "z"), None)


@pytest.mark.parametrize("modality", ["rr", "ppi"])
def test_what_a_device_says_beside_intervals_comes_with_them(modality: str) -> None:
    bound = binding(modality=Modality(modality), unit="")
    for beside in (("error", "ms"),), (("contact", ""),), (("error", "ms"), ("contact", "")):
        said = described(("beats", "ms"), *beside)
        info, column = fit(bound, remote(n_channels=len(said.labels), type=modality, sfreq=0.0), said)
        assert (info.channels, info.unit, column) == (said.labels, "ms", None)
        assert list(map(info.unit_of, info.channels)) == list(said.units)
    with pytest.raises(StreamError, match="several channels"):
        fit(bound, remote(n_channels=2), described(("beats", "ms"), ("rate", "bpm")))


def test_channels_of_different_units_are_not_mixed() -> None:
    with pytest.raises(StreamError, match="mixes units"):
        fit(binding("os-7", modality=Modality.ACC), remote(), described(("x", "g"), ("y", "mg")))


def test_text_is_no_signal_and_speech_is_no_voice_row() -> None:
    with pytest.raises(StreamError, match="text"):
        fit(binding("os-7"), remote(format="string"), described(("ECG", "mV")))
    with pytest.raises(StreamError, match="not speech"):
        fit(binding("os-7", modality=Modality.VOICE), remote(sfreq=16_000.0), described(("mic", "")))


def test_devices_become_the_allow_list() -> None:
    [b] = bindings_of([device(channel="EDA", unit="uS")])
    assert (b.role, b.modality, b.source_id, b.channel, b.unit) == (
        Role.CLIENT,
        Modality.EDA,
        "os-7",
        "EDA",
        "uS",
    )
    assert b.lateness == load_profile("lsl_eda").latency


def test_a_channel_bound_twice_is_refused() -> None:
    with pytest.raises(StreamError, match="bound twice"):
        bindings_of([device(channel="EDA"), device(role=Role.THERAPIST, channel="EDA")])
    assert len(bindings_of([device(channel="A"), device(role=Role.THERAPIST, channel="B")])) == 2


def test_a_device_without_source_id_and_name_is_refused() -> None:
    with pytest.raises(StreamError, match="neither source_id nor name"):
        bindings_of([device(source_id="")])


@pytest.mark.parametrize(
    "other", [{"source_id": "os-8"}, {"name": "x"}, {"type": "ECG"}, {"host": "elsewhere"}]
)
def test_all_that_is_given_must_agree(other: dict[str, str]) -> None:
    wanted: dict[str, Any] = {"place": "p", "role": Role.CLIENT, "modality": Modality.EDA}
    wanted |= {"source_id": "os-7", "name": "OpenSignals", "type": "EDA", "host": "lab"}
    assert Binding(**wanted).matches(remote())
    assert not Binding(**(wanted | other)).matches(remote())


def test_lsl_cannot_be_set_up_twice_in_different_ways() -> None:
    configure()
    configure()
    with pytest.raises(StreamError, match="cannot become"):
        configure(scope="link")
    with pytest.raises(StreamError, match="machine, link, site"):
        configure(scope="world")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"n_channels": 2**31 - 1}, "2147483647 channels"),
        ({"n_channels": 0}, "0 channels"),
        ({"n_channels": -1}, "-1 channels"),
        ({"sfreq": 1e9}, "1e\\+09 Hz"),
        ({"sfreq": math.inf}, "inf Hz"),
        ({"sfreq": math.nan}, "nan Hz"),
        ({"sfreq": -1.0}, "-1 Hz"),
        ({"sfreq": 100_000.0, "n_channels": 512}, "values a second"),
        ({"format": ""}, "format is unknown"),
        ({"format": "string"}, "holds text"),
    ],
)
def test_a_stream_that_cannot_be_what_it_is_bound_as_is_refused_unopened(
    changes: dict[str, Any], why: str
) -> None:
    check_shape(binding("os-7"), remote())
    with pytest.raises(StreamError, match=why):
        check_shape(binding("os-7"), remote(**changes))


def test_a_stream_of_other_channels_than_its_profile_says_is_refused_unopened() -> None:
    check_shape(binding("os-7", channels=("EDA",)), remote())
    check_shape(binding("os-7", channels=("EDA",), channel=1), remote(n_channels=4))
    with pytest.raises(StreamError, match="4 channels, the profile says 1"):
        check_shape(binding("os-7", channels=("EDA",)), remote(n_channels=4))
    with pytest.raises(StreamError, match="no channel 4 of 4"):
        check_shape(binding("os-7", channel=4), remote(n_channels=4))


@given(st.text(st.characters(codec="utf-8"), max_size=60))
@example("EDA\x80 left\x01\x1b")
def test_whatever_a_label_holds_is_read_as_one_printable_line(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    references = "".join(f"&#{ord(c)};" for c in text)
    for written in (escaped, references):
        xml = f"<info><desc><channels><channel><label>{written}</label></channel></channels></desc></info>"
        (label,) = describe(xml, 1).labels
        assert label and label.isprintable() and label == label.strip()


@given(st.text(max_size=300))
@example("<a>" * 20_000)
@example("<info><desc><channels>" + "<channel><label>x</label></channel>" * 600 + "</channels></desc></info>")
def test_any_description_is_read_or_refused(xml: str) -> None:
    try:
        said = describe(xml, 4)
    except StreamError:
        return
    assert len(said.labels) == len(said.units) == 4


def test_a_rating_has_one_axis_or_two_and_says_the_ends_of_its_scale() -> None:
    dial = replace(binding("dial"), modality=Modality.RATING, unit="")
    said = remote(type="Rating", n_channels=2)
    info, column = fit(dial, said, described(("valence", "0..100"), ("arousal", "0..100")))
    assert (info.modality, info.unit, info.channels, column) == (
        Modality.RATING,
        "0..100",
        ("valence", "arousal"),
        None,
    )
    assert fit(replace(dial, unit="-1..1"), said, described(("valence", "")))[0].unit == "-1..1"
    with pytest.raises(StreamError, match=r"unit of rating is not known.*LOW\.\.HIGH"):
        fit(dial, said, described(("valence", "points")))
    with pytest.raises(StreamError, match="several channels"):
        fit(dial, said, described(*((name, "0..1") for name in "abc")))

"""What is said on the command line is gone by, or refused by name: never passed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import AttunementError, StreamError
from acquisition.importing.assigning import import_as
from acquisition.importing.files import import_streams
from acquisition.importing.found import Hints
from acquisition.importing.options import Offset, Options, refuse_unheeded
from acquisition.importing.recognition import recognised
from acquisition.stream import Modality, Role
from acquisition.units import CANONICAL
from tests.acquisition.importing.layout_files import FILES, table

NAMES = sorted(FILES)
SAID: Mapping[str, tuple[Hints, str]] = {
    "separator": (Hints(separator="|"), "--separator"),
    "decimal": (Hints(decimal=","), "--decimal"),
    "header": (Hints(header="no"), "--header"),
    "time unit": (Hints(time_unit="h"), "--time-unit"),
    "sensor": (Hints(sensors={"no such channel": Modality.ECG}), "--sensor no such channel"),
    "unit": (Hints(units={Modality.RESP: "V"}), "--unit resp"),
}
SO_ALREADY = {
    ("table", "decimal"),
    ("acqknowledge txt", "decimal"),
    ("rr list", "separator"),
    ("rr list", "decimal"),
    ("rr list", "header"),
}
"""Files that are written as is said, or have nothing that could be written otherwise."""


def held(path: Path, hints: Hints) -> list[tuple[object, ...]]:
    """Return what a file is read as, all of what is said being gone by."""
    file = recognised(path, hints)
    refuse_unheeded(hints, [path])
    return [(f.name, f.modality, f.unit, f.times.tolist(), f.samples.tolist()) for f in file.streams]


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("name", NAMES)
def test_each_layout_goes_by_an_option_or_it_is_refused(name: str, said: str, tmp_path: Path) -> None:
    """It is read otherwise than without, or refused: the option is named, or why it cannot be read so."""
    path = FILES[name][0](tmp_path)
    told, option = SAID[said]
    hints = Hints(
        separator=told.separator,
        decimal=told.decimal,
        header=told.header,
        time_unit=told.time_unit,
        sensors=dict(told.sensors),
        units=dict(told.units),
    )
    plain = held(path, Hints())
    try:
        read = held(path, hints)
    except AttunementError as error:
        why = str(error)
    else:
        why = ""
        assert read != plain or (name, said) in SO_ALREADY, f"{option} is passed over"
    if why:
        assert option in why or said in ("separator", "decimal", "header", "time unit")
        assert path.name in why


@pytest.mark.parametrize(
    "name", ["embrace avro", "emotibit raw", "edf", "xdf", "bids events", "mindware events"]
)
def test_the_unit_of_times_that_a_layout_says_itself_is_not_said_again(name: str, tmp_path: Path) -> None:
    path = FILES[name][0](tmp_path)
    with pytest.raises(StreamError, match=r"--time-unit ms: .*leave it out"):
        import_as([(Role.CLIENT, path)], out=tmp_path / "rec", hints=Hints(time_unit="ms"))
    assert not (tmp_path / "rec").exists()


def test_what_one_of_several_files_goes_by_is_gone_by(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "time;eda_uS\n" + "".join(f"{k / 240};{4 + k / 100}\n" for k in range(99))
    )
    pairs = [(Role.CLIENT, tmp_path / "a.csv"), (Role.THERAPIST, FILES["e4 csv"][0](tmp_path))]
    options = Options(align="none")
    done = import_as(pairs, out=tmp_path / "rec", hints=Hints(time_unit="min"), options=options)
    assert len(done.streams) == 2


@pytest.mark.parametrize("name", NAMES)
def test_a_column_of_times_is_refused_where_a_file_has_its_own(name: str, tmp_path: Path) -> None:
    path = FILES[name][0](tmp_path)
    found = next((f for f in recognised(path).streams if f.modality in CANONICAL and f.unit), None)
    if found is None:
        pytest.skip("no signal in it")
    stream = f"client:{found.modality}:{found.unit}={found.name}"
    with pytest.raises(AttunementError, match=r"--time 'no such'|no column 'no such'"):
        import_streams([path], [stream], times=["no such"], out=tmp_path / "rec")


@pytest.mark.parametrize("unit", ["s", "ms"])
def test_the_unit_of_times_of_arrays_is_gone_by(unit: str, tmp_path: Path) -> None:
    scale = {"s": 1.0, "ms": 1e-3}[unit]
    np.savez(tmp_path / "a.npz", t=np.arange(400) / 4 / scale, eda=4 + np.arange(400) / 100)
    done = import_streams(
        [tmp_path / "a.npz"],
        ["client:eda:uS=eda"],
        times=["t"],
        out=tmp_path / "rec",
        hints=Hints(time_unit=unit),
    )
    assert done.streams[0].sfreq == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("streams", "hints", "words"),
    [
        (["client:eda:uS=eda_uS"], Hints(units={Modality.EDA: "kohm"}), "--unit eda"),
        (["client:eda:uS=eda_uS"], Hints(sensors={"eda_uS": Modality.ECG}), "--sensor eda_uS"),
    ],
)
def test_what_a_stream_says_is_not_said_again(
    streams: Sequence[str], hints: Hints, words: str, tmp_path: Path
) -> None:
    path = table(tmp_path)
    name = next(f.name for f in recognised(path).streams if f.modality is Modality.EDA)
    with pytest.raises(StreamError, match=f"{words}.*--stream says it"):
        import_streams([path], [streams[0].replace("eda_uS", name)], out=tmp_path / "rec", hints=hints)


def test_a_unit_that_a_file_says_otherwise_is_refused_and_one_alike_taken(tmp_path: Path) -> None:
    path = FILES["e4 csv"][0](tmp_path)
    with pytest.raises(StreamError, match=r"--unit eda=…: EDA\.csv: no eda that leaves its unit open"):
        import_as([(Role.CLIENT, path)], out=tmp_path / "a", hints=Hints(units={Modality.EDA: "kohm"}))
    done = import_as([(Role.CLIENT, path)], out=tmp_path / "b", hints=Hints(units={Modality.EDA: "µS"}))
    assert done.streams


def two(folder: Path) -> list[tuple[Role, Path]]:
    out = []
    for role in (Role.CLIENT, Role.THERAPIST):
        path = folder / f"{role}.csv"
        path.write_text("time_s;eda_uS\n" + "".join(f"{k / 4};{4 + k / 100}\n" for k in range(99)))
        out.append((role, path))
    return out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Options(align="events", offsets={Role.THERAPIST: Offset(1.0)}), "--align events and --offset"),
        (Options(zone="Europe/Nowhere"), "no such time zone"),
    ],
)
def test_options_that_exclude_each_other_are_refused(options: Options, words: str, tmp_path: Path) -> None:
    with pytest.raises(StreamError, match=words):
        import_as(two(tmp_path), out=tmp_path / "rec", options=options)


def test_an_offset_of_somebody_who_is_not_there_is_refused(tmp_path: Path) -> None:
    options = Options(offsets={Role.THERAPIST: Offset(1.0)})
    with pytest.raises(StreamError, match=r"--offset therapist.*nothing of the therapist"):
        import_as(two(tmp_path)[:1], out=tmp_path / "rec", options=options)


def test_an_offset_between_two_people_of_one_file_is_no_common_clock(tmp_path: Path) -> None:
    path = tmp_path / "both.csv"
    path.write_text("time_s;a;b\n" + "".join(f"{k / 4};{4 + k / 100};{5 + k / 90}\n" for k in range(99)))
    streams = ["client:eda:uS=a", "therapist:eda:uS=b"]
    plain = import_streams([path], streams, out=tmp_path / "one")
    assert (plain.clock.kind, plain.clock.error) == ("one", 0.0)
    options = Options(offsets={Role.THERAPIST: Offset(0.3, 0.1)})
    moved = import_streams([path], streams, out=tmp_path / "two", options=options)
    assert (moved.clock.kind, moved.clock.error) == ("aligned", 0.1)


def test_a_zone_that_no_file_needs_is_told(tmp_path: Path) -> None:
    done = import_as(two(tmp_path), out=tmp_path / "rec", options=Options(zone="Europe/Vienna", align="none"))
    assert any(
        note.startswith("--zone Europe/Vienna: no file gives the time of a clock on the wall")
        for note in done.notes
    )


@pytest.mark.parametrize(("started", "told"), [("2024-05-20T12:00:00", True), ("2024-05-20T11:00:01", False)])
def test_a_start_that_files_say_otherwise_is_taken_and_told(started: str, told: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"2024-05-20 11:00:{k:02};{4 + k / 100}\n" for k in range(60))
    path.write_text(f"time;eda_uS\n{rows}")
    done = import_as([(Role.CLIENT, path)], out=tmp_path / "rec", options=Options(started=started))
    note = f"--started {started} is taken; the files say 2024-05-20T11:00:00"
    assert (note in done.notes) is told
    with pytest.raises(StreamError, match="must be ISO 8601"):
        import_as([(Role.CLIENT, path)], out=tmp_path / "b", options=Options(started="noon"))

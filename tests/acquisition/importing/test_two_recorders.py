"""Two recorders are two clocks: what is known of them is used, said and bounded."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from acquisition.commands.importing import import_command
from acquisition.errors import StreamError
from acquisition.event import Event
from acquisition.importing.assigning import import_as
from acquisition.importing.options import Offset, Options
from acquisition.recording.recording import Recording
from acquisition.session.session import Recorded
from acquisition.stream import Chunk, Modality, Role

START = 1_716_200_000.0
CLIENT, THERAPIST = Role.CLIENT, Role.THERAPIST


def eda(path: Path, start: float, *, marks: dict[float, str] | None = None, seconds: int = 100) -> Path:
    """Write skin conductance with Unix stamps, and marks at seconds of it."""
    said = marks or {}
    rows = [
        f"{start + i / 4:.3f},{5 + 0.001 * (i % 9):.4f},{said.get(i / 4, '')}" for i in range(4 * seconds)
    ]
    path.write_text("time,eda [uS],marker\n" + "\n".join(rows) + "\n")
    return path


def recorded(out: Path) -> Recorded:
    """Return what a recording says of how it came about."""
    session = Recording(out).session
    assert session is not None
    assert session.recorded is not None
    return session.recorded


def first(out: Path, role: Role, modality: Modality = Modality.EDA) -> float:
    """Return the first stamp of a person's stream."""
    return min(
        float(c.times[0])
        for c in Recording(out)
        if isinstance(c, Chunk) and c.info.role is role and c.info.modality is modality
    )


def test_files_are_placed_by_their_start_times_and_the_recording_says_so(tmp_path: Path) -> None:
    a, b = eda(tmp_path / "a.csv", START), eda(tmp_path / "b.csv", START + 35)
    done = import_as([(CLIENT, a), (THERAPIST, b)], out=tmp_path / "rec")
    assert first(tmp_path / "rec", THERAPIST) - first(tmp_path / "rec", CLIENT) == 35.0
    said = recorded(tmp_path / "rec")
    assert (said.clock, said.clock_error) == ("start times", done.clock.error)
    assert done.clock.error >= 1.0
    assert not said.aligned
    assert said.started.startswith("2024-05-20T10:13:20")


def test_files_without_a_start_begin_together_and_nothing_is_known(tmp_path: Path) -> None:
    for name in ("a", "b"):
        rows = [f"{(7 if name == 'a' else 50) + i / 4},5.{i % 9}" for i in range(100)]
        (tmp_path / f"{name}.csv").write_text("t,eda [uS]\n" + "\n".join(rows) + "\n")
    import_as([(CLIENT, tmp_path / "a.csv"), (THERAPIST, tmp_path / "b.csv")], out=tmp_path / "rec")
    said = recorded(tmp_path / "rec")
    assert said.clock == "unknown"
    assert math.isnan(said.clock_error)
    assert not said.aligned


def relative(path: Path, column: str, rows: list[tuple[float, str]]) -> Path:
    """Write a table without a start."""
    path.write_text(f"t,{column}\n" + "\n".join(f"{t},{v}" for t, v in rows) + "\n")
    return path


def test_of_several_files_those_with_a_start_are_placed_by_it(tmp_path: Path) -> None:
    a, b = eda(tmp_path / "a.csv", START), eda(tmp_path / "b.csv", START + 35)
    c = relative(tmp_path / "c.csv", "acc_x [g]", [(700 + i / 10, "1.0") for i in range(200)])
    done = import_as([(CLIENT, a), (THERAPIST, b), (CLIENT, c)], out=tmp_path / "rec")
    assert first(tmp_path / "rec", THERAPIST) - first(tmp_path / "rec", CLIENT) == 35.0
    assert first(tmp_path / "rec", CLIENT, Modality.ACC) == first(tmp_path / "rec", CLIENT)
    assert recorded(tmp_path / "rec").began.startswith("2024-05-20T10:13:20")
    assert any("c.csv without a start time" in note for note in done.notes)
    assert done.clock.kind == "start times"


@pytest.mark.parametrize(("zero", "stamp"), [(0.0, 10.0), (700.0, 710.0)])
def test_events_of_a_file_of_their_own_keep_their_time(tmp_path: Path, zero: float, stamp: float) -> None:
    a = (
        eda(tmp_path / "a.csv", START)
        if not zero
        else relative(tmp_path / "a.csv", "eda [uS]", [(zero + i / 4, f"5.{i % 9}") for i in range(400)])
    )
    b = relative(tmp_path / "m.csv", "marker", [(stamp, "clap"), (stamp + 20, "end")])
    import_as([(CLIENT, a), (CLIENT, b)], out=tmp_path / "rec")
    begin = first(tmp_path / "rec", CLIENT)
    times = [e.time - begin for e in Recording(tmp_path / "rec") if isinstance(e, Event)]
    assert times == pytest.approx([10.0, 30.0])


def test_events_of_a_calendar_need_signals_with_a_start(tmp_path: Path) -> None:
    a = relative(tmp_path / "a.csv", "eda [uS]", [(i / 4, f"5.{i % 9}") for i in range(400)])
    b = relative(tmp_path / "m.csv", "marker", [(START + 10, "clap"), (START + 30, "end")])
    with pytest.raises(StreamError, match=r"m\.csv: its events are of a calendar, and a\.csv does not say"):
        import_as([(CLIENT, a), (CLIENT, b)], out=tmp_path / "rec")
    assert not (tmp_path / "rec").exists()


def test_files_of_different_days_can_be_put_at_the_same_moment(tmp_path: Path) -> None:
    a, b = eda(tmp_path / "a.csv", START), eda(tmp_path / "b.csv", START + 3 * 86_400)
    import_as([(CLIENT, a), (THERAPIST, b)], out=tmp_path / "rec", options=Options(align="none"))
    assert first(tmp_path / "rec", THERAPIST) == first(tmp_path / "rec", CLIENT) == 0.0


def test_one_file_of_both_is_one_clock(tmp_path: Path) -> None:
    a = eda(tmp_path / "a.csv", START)
    import_as([(CLIENT, a), (THERAPIST, a)], out=tmp_path / "rec")
    # The same file named twice is two files: only --stream takes two people out of one.
    words = [str(a), "--stream", "client:eda:uS=2", "--stream", "therapist:eda:uS=2", "--time", "time"]
    assert run(*words, "--out", str(tmp_path / "one")).exit_code == 0
    assert recorded(tmp_path / "one").clock == "one"
    assert recorded(tmp_path / "one").aligned


def test_an_offset_is_added_and_bounds_the_error(tmp_path: Path) -> None:
    a, b = eda(tmp_path / "a.csv", START), eda(tmp_path / "b.csv", START + 3)
    options = Options(offsets={THERAPIST: Offset(-3.0, 0.02)})
    import_as([(CLIENT, a), (THERAPIST, b)], out=tmp_path / "rec", options=options)
    assert first(tmp_path / "rec", THERAPIST) == first(tmp_path / "rec", CLIENT)
    said = recorded(tmp_path / "rec")
    assert (said.clock, said.clock_error, said.aligned) == ("aligned", 0.02, True)


def test_shared_marks_bring_the_clocks_together(tmp_path: Path) -> None:
    a = eda(tmp_path / "a.csv", START, marks={10.0: "clap", 50.0: "clap", 80.0: "end"})
    b = eda(tmp_path / "b.csv", START + 400, marks={12.25: "clap", 52.25: "clap", 82.5: "end", 60.0: "noise"})
    done = import_as([(CLIENT, a), (THERAPIST, b)], out=tmp_path / "rec", options=Options(align="events"))
    assert done.clock.kind == "aligned"
    assert done.clock.error == 0.25
    assert first(tmp_path / "rec", THERAPIST) - first(tmp_path / "rec", CLIENT) == pytest.approx(-2.25)


@pytest.mark.parametrize(
    ("ppm", "at"), [(-80.0, (60.0, 3500.0)), (45.0, (60.0, 1200.0, 2400.0, 3500.0))], ids=["two", "four"]
)
def test_clocks_that_drift_are_brought_together_at_both_ends(
    tmp_path: Path, ppm: float, at: tuple[float, ...]
) -> None:
    slow = 1.0 + 1e-6 * ppm
    ours = tmp_path / "a.csv"
    theirs = tmp_path / "b.csv"
    for path, rate, begin in ((ours, 1.0, 100.0), (theirs, slow, 2000.0)):
        marks = {round(4 * t): f"m{t:.0f}" for t in at}
        rows = [f"{begin + i / 4 * rate:.6f},5.{i % 9},{marks.get(i, '')}" for i in range(4 * 3600)]
        path.write_text("time,eda [uS],marker\n" + "\n".join(rows) + "\n")
    out = tmp_path / "rec"
    done = import_as([(CLIENT, ours), (THERAPIST, theirs)], out=out, options=Options(align="events"))
    chunks = [c for c in Recording(out) if isinstance(c, Chunk)]
    for role in (CLIENT, THERAPIST):
        times = np.concatenate([c.times for c in chunks if c.info.role is role])
        np.testing.assert_allclose(times[[240, 7200, 14_000]] - 100.0, [60.0, 1800.0, 3500.0], atol=2e-3)
    assert done.clock.error <= (0.002 if len(at) > 2 else 0.15)
    assert any("ppm" in note for note in done.notes)


@pytest.mark.parametrize(
    ("ours", "theirs", "reason"),
    [
        ({10.0: "clap"}, {12.0: "clap"}, "1 shared marks agree"),
        ({10.0: "a", 20.0: "b"}, {12.0: "c"}, "share no mark"),
        ({10.0: "x", 20.0: "x"}, {12.0: "x", 22.0: "x", 32.0: "x"}, "as many on"),
    ],
)
def test_marks_that_do_not_tell_are_refused(
    tmp_path: Path, ours: dict[float, str], theirs: dict[float, str], reason: str
) -> None:
    a, b = eda(tmp_path / "a.csv", START, marks=ours), eda(tmp_path / "b.csv", START, marks=theirs)
    with pytest.raises(StreamError, match=reason):
        import_as([(CLIENT, a), (THERAPIST, b)], out=tmp_path / "rec", options=Options(align="events"))
    assert not (tmp_path / "rec").exists()


def tapped(path: Path, start: float, taps: list[float], seed: int) -> Path:
    """Write acceleration with taps at seconds of it."""
    rng = np.random.default_rng(seed)
    t = np.arange(32 * 120) / 32
    values = rng.normal(0, 0.01, (len(t), 3)) + np.array([0.0, 0.0, 1.0])
    for tap in taps:
        values[np.searchsorted(t, tap)] += [0.5, 1.5, -1.0]
    rows = [
        f"{start + x:.5f},{a:.4f},{b:.4f},{c:.4f}"
        for x, (a, b, c) in zip(t.tolist(), values.tolist(), strict=True)
    ]
    path.write_text("time,acc_x [g],acc_y [g],acc_z [g]\n" + "\n".join(rows) + "\n")
    return path


def test_taps_on_both_sensors_bring_the_clocks_together(tmp_path: Path) -> None:
    taps = [5.0, 6.1, 8.0, 8.9]
    a = tapped(tmp_path / "a.csv", START, taps, 1)
    b = tapped(tmp_path / "b.csv", START + 30, [x + 1.75 for x in taps], 2)
    done = import_as([(CLIENT, a), (THERAPIST, b)], out=tmp_path / "rec", options=Options(align="tap"))
    shift = first(tmp_path / "rec", THERAPIST, Modality.ACC) - first(tmp_path / "rec", CLIENT, Modality.ACC)
    assert shift == pytest.approx(-1.75, abs=1 / 16)
    assert done.clock.error <= 1 / 16


def test_without_enough_taps_nothing_is_aligned(tmp_path: Path) -> None:
    a, b = tapped(tmp_path / "a.csv", START, [5.0], 1), tapped(tmp_path / "b.csv", START, [9.0], 2)
    with pytest.raises(StreamError, match=r"--align tap: .*--offset"):
        import_as([(CLIENT, a), (THERAPIST, b)], out=tmp_path / "rec", options=Options(align="tap"))


def test_starts_that_are_days_apart_are_refused(tmp_path: Path) -> None:
    a, b = eda(tmp_path / "a.csv", START), eda(tmp_path / "b.csv", START + 3 * 86_400)
    with pytest.raises(StreamError, match=r"3\.0 days apart"):
        import_as([(CLIENT, a), (THERAPIST, b)], out=tmp_path / "rec")


def test_events_far_from_the_signals_are_said(tmp_path: Path) -> None:
    path = eda(tmp_path / "a.csv", START)
    stamps = [(START - 90, "before"), (START + 5, "within"), (START + 20_000, "tomorrow")]
    rows = [f"{t:.3f},{text}" for t, text in stamps]
    (tmp_path / "m.csv").write_text("time,marker\n" + "\n".join(rows) + "\n")
    done = import_as([(CLIENT, path), (CLIENT, tmp_path / "m.csv")], out=tmp_path / "rec")
    assert "marker: 1 of 3 events lie outside the signals (19900 s after them), left out" in done.notes
    assert "marker: 1 of 3 events lie outside the signals (90 s before them), kept" in done.notes
    codes = {e.code for e in Recording(tmp_path / "rec") if isinstance(e, Event)}
    assert {"before", "within"} <= codes
    assert "tomorrow" not in codes


def test_markers_mean_what_the_vocabulary_says(tmp_path: Path) -> None:
    words = {10.0: "S 1", 30.0: "S 2", 50.0: "S 2", 60.0: "other"}
    path = eda(tmp_path / "a.csv", START, marks=words)
    own = tmp_path / "own.csv"
    codes = [("baseline_rest", "interval", "S 1=on; S 2=off"), ("now_moment", "point", "")]
    head = "group,code,kind,actor,hotkey,value,meaning,seed_term,maps_to,hed,markers"
    own.write_text(f"{head}\n" + "".join(f"g,{c},{k},dyad,-,-,m,-,-,-,{m}\n" for c, k, m in codes))
    result = run("--as", "client", str(path), "--vocabulary", str(own), "--out", str(tmp_path / "rec"))
    assert result.exit_code == 0, result.output
    assert "2 of 3 markers mean codes of the vocabulary" in result.output
    assert "interval 'baseline_rest' is not open" in result.output
    marks = [
        (round(e.time - START, 3), e.phase)
        for e in Recording(tmp_path / "rec")
        if isinstance(e, Event) and e.code == "baseline_rest"
    ]
    assert marks == [(10.0, "on"), (30.0, "off")]
    session = Recording(tmp_path / "rec").session
    assert session is not None
    assert Path(session.events.vocabulary) == tmp_path / "rec" / "events_vocab.csv"


def test_who_and_when_are_not_known_where_nobody_says_it(tmp_path: Path) -> None:
    rows = [f"{i / 4},5.{i % 9}" for i in range(100)]
    (tmp_path / "a.csv").write_text("t,eda [uS]\n" + "\n".join(rows) + "\n")
    import_as([(CLIENT, tmp_path / "a.csv")], out=tmp_path / "rec")
    session = Recording(tmp_path / "rec").session
    assert session is not None
    assert session.recorded is not None
    assert (session.code(CLIENT), session.code(THERAPIST), session.recorded.began) == ("", "", "")
    import_as([(CLIENT, tmp_path / "a.csv")], out=tmp_path / "b", options=Options(client="C07"))
    session = Recording(tmp_path / "b").session
    assert session is not None
    assert (session.code(CLIENT), session.code(THERAPIST)) == ("C07", "")


def test_a_file_of_many_hours_is_refused_by_name_or_cut(tmp_path: Path) -> None:
    rows = "\n".join(f"{i},{5 + i % 3 / 10}" for i in range(0, 50_000, 2))
    (tmp_path / "a.csv").write_text("t [s],eda [uS]\n" + rows + "\n")
    with pytest.raises(StreamError, match=r"13\.9 h .*'eda \[uS\]'.*--part"):
        import_as([(CLIENT, tmp_path / "a.csv")], out=tmp_path / "rec")
    import_as([(CLIENT, tmp_path / "a.csv")], out=tmp_path / "rec", options=Options(part=(600.0, 4200.0)))
    assert first(tmp_path / "rec", CLIENT) == 600.0


def run(*words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(import_command, list(words))


def test_the_command_shows_what_it_recognises_and_writes_nothing(tmp_path: Path) -> None:
    a = eda(tmp_path / "a.csv", START)
    done = run(str(a))
    assert done.exit_code == 2
    assert "eda [uS]: eda, uS, 4 Hz, 400 samples" in done.stdout
    assert "--as client" in done.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv"]
    [told] = json.loads(run(str(a), "--json").stdout)
    assert told["streams"][0]["first"][0] == [5.0]


def test_what_follows_a_role_is_that_persons(tmp_path: Path) -> None:
    a, b, c = (eda(tmp_path / f"{n}.csv", START + k) for k, n in enumerate("abc"))
    words = [
        "--as",
        "client",
        str(a),
        "--as=therapist",
        str(b),
        "--out",
        str(tmp_path / "rec"),
        "--dyad",
        "D07",
    ]
    done = run(
        *words,
        "--number",
        "3",
        "--setting",
        "remote",
        "--client",
        "C07",
        "--therapist",
        "T02",
        "--started",
        "2024-05-20T11:53:07",
    )
    assert done.exit_code == 0, done.output
    session = Recording(tmp_path / "rec").session
    assert session is not None
    assert (session.dyad, session.number, session.client.code, session.therapist.code) == (
        "D07",
        3,
        "C07",
        "T02",
    )
    assert session.setting == "remote"
    assert recorded(tmp_path / "rec").started == "2024-05-20T11:53:07"
    assert run("--as", "client", str(a), str(c), "--out", str(tmp_path / "two")).exit_code == 0
    assert run("--as", "nobody", str(a)).exit_code == 2
    assert run("--as", "client", "--out", "x").exit_code == 2
    assert run(str(a), "--as", "client", str(b), "--out", "x").exit_code == 2
    assert run("--as", "client", str(a), "--client", "Anna", "--out", "x").exit_code == 2


def test_damage_is_refused_unless_it_is_accepted_and_then_kept(tmp_path: Path) -> None:
    from tests.acquisition.importing.layout_files import edf_plus

    path = edf_plus(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    words = ["--as", "client", str(path), "--out", str(tmp_path / "rec")]
    done = run(*words)
    assert done.exit_code == 1
    assert "2 of 3 records" in done.stderr
    assert "--accept-damage" in done.stderr
    assert not (tmp_path / "rec").exists()
    done = run(*words, "--accept-damage")
    assert done.exit_code == 0
    assert "DAMAGED" in done.stdout
    assert "2 of 3 records" in recorded(tmp_path / "rec").damage[0]
    assert recorded(tmp_path / "rec").started == "2024-05-20T11:53:07.000"  # a clock on the wall says no zone
    assert str(tmp_path) not in recorded(tmp_path / "rec").damage[0]


def test_nobody_is_withdrawn_by_the_code_of_an_import_that_knows_nobody(tmp_path: Path) -> None:
    whose = pytest.importorskip("processing.commands.whose")
    a = eda(tmp_path / "a.csv", START)
    import_as([(CLIENT, a)], out=tmp_path / "x" / "unknown")
    import_as([(CLIENT, a)], out=tmp_path / "x" / "known", options=Options(client="C07"))
    assert list(whose.recordings_of("C00", [tmp_path])) == []
    assert list(whose.recordings_of("C07", [tmp_path])) == [(tmp_path / "x" / "known", CLIENT)]

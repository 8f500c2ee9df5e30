"""Codings of other programs: read as their libraries write them, told with the line where faulty."""

from __future__ import annotations

import contextlib
import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import parselmouth
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import AnnotationError, VocabularyError
from acquisition.event import Event
from acquisition.events.overlay import effective, rater_file, read_edits, read_overlay
from acquisition.events.vocabulary import load_vocabulary
from processing.codings.annotations.annotation import Annotation
from processing.codings.annotations.eaf import read_eaf
from processing.codings.annotations.reading import READERS, read_annotations
from processing.codings.annotations.subtitles import read_srt, read_vtt
from processing.codings.annotations.table import read_table
from processing.codings.annotations.textgrid import read_textgrid
from processing.codings.event_import import Reading, read_events
from processing.codings.marked import read_marked
from processing.commands.events import events_command
from processing.results.results import write_events
from tests.processing.marked import BEGIN, write_marked

GRID = b'"ooTextFile"\n"TextGrid"\n0\n9\n<exists>\n1\n'
DOCUMENT = "<ANNOTATION_DOCUMENT>{}</ANNOTATION_DOCUMENT>"
ROWS = [(1.5, 4.25, "over_observed 3"), (10.0, 12.0, 'note: "so" <b> & ü')]


def annotation_xml(*annotations: tuple[str, str]) -> bytes:
    """Return an ELAN file with annotations, each with its attributes and text, and two time slots."""
    slots = '<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="b"/>'
    body = "".join(
        f"<{kind}><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></{kind.split()[0]}>"
        for kind, text in annotations
    )
    tier = f'<TIER TIER_ID="t">{body}</TIER>'
    return DOCUMENT.format(f"<TIME_ORDER>{slots}</TIME_ORDER>{tier}").encode()


def simple(annotations: list[Annotation]) -> list[tuple[float, float, str]]:
    return [(a.start, a.stop, a.text) for a in annotations]


def test_an_elan_file_of_pympi_is_read(tmp_path: Path) -> None:
    elan = pytest.importorskip("pympi").Elan.Eaf()
    elan.add_tier("R2 codes")
    for start, stop, text in ROWS:
        elan.add_annotation("R2 codes", int(start * 1000), int(stop * 1000), text)
    elan.add_linguistic_type("sub", "Symbolic_Association")
    elan.add_tier("detail", ling="sub", parent="R2 codes")
    elan.add_ref_annotation("detail", "R2 codes", 1600, "strong")
    elan.to_file(str(tmp_path / "a.eaf"))
    found, _ = read_annotations(tmp_path / "a.eaf")
    assert simple([a for a in found if a.tier == "R2 codes"]) == ROWS
    assert simple([a for a in found if a.tier == "detail"]) == [(1.5, 4.25, "strong")]


@pytest.mark.parametrize("command", ["Save as text file", "Save as short text file"])
def test_a_textgrid_of_praat_is_read(command: str, tmp_path: Path) -> None:
    grid = parselmouth.TextGrid(0.0, 20.0, ["codes", "moments"], ["moments"])
    for at in (1.5, 4.25, 10.0, 12.0):
        parselmouth.praat.call(grid, "Insert boundary", 1, at)
    for number, (_, _, text) in zip((2, 4), ROWS, strict=True):
        parselmouth.praat.call(grid, "Set interval text", 1, number, text)
    parselmouth.praat.call(grid, "Insert point", 2, 7.5, "mismatch/dyad")
    parselmouth.praat.call(grid, command, str(tmp_path / "a.TextGrid"))
    found, _ = read_annotations(tmp_path / "a.TextGrid")
    assert simple(found[:2]) == ROWS
    assert found[2].tier == "moments"
    assert (found[2].start, found[2].text) == (7.5, "mismatch/dyad")
    assert math.isnan(found[2].stop)


def test_subtitles_of_webvtt_py_are_read(tmp_path: Path) -> None:
    webvtt = pytest.importorskip("webvtt")
    file = webvtt.WebVTT()
    for start, stop, text in ROWS:
        times = (f"00:00:{t:06.3f}" for t in (start, stop))
        file.captions.append(webvtt.Caption(*times, text.replace("<b>", "&lt;b&gt;").replace("& ", "&amp; ")))
    file.save(str(tmp_path / "a.vtt"))
    file.save_as_srt(str(tmp_path / "a.srt"))
    for suffix in (".vtt", ".srt"):
        assert simple(read_annotations(tmp_path / f"a{suffix}")[0]) == ROWS


def test_comments_styles_names_and_speakers_of_webvtt() -> None:
    text = (
        "WEBVTT - codes\nKind: metadata\n\nSTYLE\n::cue { color: red }\n\nNOTE a comment --> here\n\n"
        "first\n01:02.500 --> 01:03.000 align:start\n<v.loud R2>suds 40</v>\nmore <i>text</i>\n"
    )
    (got,) = read_vtt(text.replace("\n", "\r\n").encode())
    assert (got.start, got.stop, got.tier, got.text) == (62.5, 63.0, "R2", "suds 40 more text")
    assert got.place == "line 10"


def test_cues_without_an_empty_line_between_them_and_short_times_are_read() -> None:
    text = (
        "WEBVTT\nKind: captions\nStyle:\n::cue(c) { }\n##\n\n\n"
        "0:0:1.5 --> 0:0:2.570 align:start\nmismatch\n0:0:4.0 --> 0:0:5.0\nsuds<0:0:4.2><c> 40</c>\n"
    )
    assert simple(read_vtt(text.encode())) == [(1.5, 2.57, "mismatch"), (4.0, 5.0, "suds 40")]
    numbered = "1\n00:00:01,000 --> 00:00:02,000\nmismatch\n2\n00:00:04,000 --> 00:00:05,000\nsuds 40\n"
    assert simple(read_srt(numbered.encode())) == [(1.0, 2.0, "mismatch"), (4.0, 5.0, "suds 40")]


def test_a_textgrid_as_elan_writes_it_is_read() -> None:
    text = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0\x20
xmax = 9.5\x20
tiers? <exists>\x20
size = 2\x20
item []:\x20
    item[1]:
        class = "IntervalTier"\x20
        name = \"\"\"codes\"\"\"\x20
        xmin = 0\x20
        xmax = 9.5\x20
        intervals: size = 2\x20
        intervals [1]
            xmin = 0\x20
            xmax = 1.25\x20
            text = ""\x20
        intervals [2]
            xmin = 1.25\x20
            xmax = 9.5\x20
            text = "over_observed
3"\x20
    item[2]:
        class = "TextTier"\x20
        name = ""\x20
        xmin = 0\x20
        xmax = 9.5\x20
        points: size = 1\x20
        points [1]
            number = 2.5\x20
            mark = "mismatch"\x20
"""
    span, point = read_textgrid(text.encode("utf-16"))
    assert (span.tier, span.start, span.stop, span.text) == ('"codes"', 1.25, 9.5, "over_observed\n3")
    assert (point.start, point.text) == (2.5, "mismatch")


@pytest.mark.parametrize(
    ("reader", "data", "fault"),
    [
        (read_vtt, b"1\n00:01.000 --> 00:02.000\nx\n", "line 1: a WebVTT file begins with WEBVTT"),
        (read_vtt, b"WEBVTT\n\n00:01.000 -> 00:02.000\nx\n", "line 3: no times here"),
        (read_vtt, b"WEBVTT\n\n00:05.000 --> 00:02.000\nx\n", "line 3: .* is not a start and a later end"),
        (read_srt, b"1\n00:00:61,000 --> 00:01:00,000\nx\n", "line 2: .* is not a start"),
        (read_srt, b"1\n0:0:1 --> 0:0:2\nx\n", "line 2: .* is not a start"),
        (read_vtt, b"WEBVTT\n\n\xff\n", "byte 8: not UTF-8"),
        (read_textgrid, b"ooBinaryFile\x08TextGrid", "a binary TextGrid"),
        (read_textgrid, b'File type = "ooTextFile"\nObject class = "Pitch 1"\n', "line 2: 'Pitch 1' where"),
        (read_textgrid, GRID + b'"TextTier"\n"a"\n0\n9\n2\n1\n"x"\n', "the file ends"),
        (read_textgrid, GRID + b'"Tier"\n', "line 7: 'Tier' where"),
        (read_textgrid, GRID + b'"TextTier"\n"a"\n0\n9\n1\nx\n"l"\n', "line 13"),
        (read_textgrid, GRID + b'"9\n', "line 7: a text that does not end"),
        (read_textgrid, GRID[:-2] + b"9999999\n", "line 6: 1e\\+07 where"),
        (read_eaf, b"<x/>", "line 1: <x> where <ANNOTATION_DOCUMENT>"),
        (read_eaf, b"<ANNOTATION_DOCUMENT>\n<TIER>", "line 2: not XML: no element found"),
        (read_eaf, b'<!DOCTYPE a [<!ENTITY b "c">]>\n<ANNOTATION_DOCUMENT/>', "declares a document type"),
        (read_eaf, DOCUMENT.format('\n<TIME_SLOT TIME_VALUE="-1"/>').encode(), "line 2: TIME_VALUE = '-1'"),
        (read_eaf, DOCUMENT.format('<HEADER TIME_UNITS="PAL-frames"/>').encode(), "only milliseconds"),
        (read_eaf, annotation_xml(*[('REF_ANNOTATION ANNOTATION_ID="x"', "m")] * 2), "second annotation 'x'"),
        (read_eaf, b"<a>" * 30, "line 1: <a> where"),
        (read_eaf, b"<ANNOTATION_DOCUMENT>" + b"<a>" * 30, "line 1: nested too deeply"),
        (read_table, b"when,code\n1,x\n", "line 1: no column of times"),
        (read_table, b"onset,who\n1,x\n", "line 1: no column of codes"),
        (read_table, b"onset,onset,code\n1,1,x\n", "line 1: column 'onset' twice"),
        (read_table, b"onset,code\n1,a\nsoon,b\n", "line 3: start = 'soon' is no time"),
        (read_table, b"onset,code\n\n,a\n", "line 3: no time"),
        (read_table, b"start,stop,code\n4,2,a\n", "line 2: ends before its start"),
        (read_table, b'onset,code\n1,"a\n', "line 2: "),
    ],
)  # fmt: skip
def test_a_faulty_file_is_told_with_the_place(reader: object, data: bytes, fault: str) -> None:
    assert callable(reader)
    with pytest.raises(AnnotationError, match=fault) as caught:
        reader(data)
    assert len(str(caught.value).splitlines()) == 1


def test_an_elan_annotation_that_is_not_aligned_has_no_time_and_cannot_be_imported(tmp_path: Path) -> None:
    kind = 'ALIGNABLE_ANNOTATION TIME_SLOT_REF1="b" TIME_SLOT_REF2="b"'
    (tmp_path / "a.eaf").write_bytes(annotation_xml((kind, "mismatch")))
    with pytest.raises(AnnotationError, match=r"a\.eaf: line 1: is not aligned to the time line"):
        read_events(tmp_path / "a.eaf", load_vocabulary(), 0.0, Reading())


def test_elan_annotations_that_refer_in_a_circle_are_refused() -> None:
    kinds = [f'REF_ANNOTATION ANNOTATION_ID="{x}" ANNOTATION_REF="{y}"' for x, y in ("xy", "yx")]
    with pytest.raises(AnnotationError, match="refers to itself"):
        read_eaf(annotation_xml(*((kind, "mismatch") for kind in kinds)))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(READERS)), st.binary(max_size=200), st.data())
def test_any_bytes_are_read_or_refused_by_name(suffix: str, noise: bytes, data: st.DataObject) -> None:
    whole = {
        ".eaf": annotation_xml(('ALIGNABLE_ANNOTATION TIME_SLOT_REF1="a" TIME_SLOT_REF2="a"', "x")),
        ".textgrid": GRID + b'"TextTier"\n"a"\n0\n9\n1\n1\n"x"\n',
    }.get(suffix, b"WEBVTT\n\n1\n00:00:01,000 --> 00:00:02,000\nx\n")
    at = data.draw(st.integers(0, len(whole)))
    assert READERS[suffix](whole) if suffix in (".eaf", ".textgrid", ".vtt") else True
    for content in (noise, whole[:at] + noise + whole[at:]):
        with contextlib.suppress(AnnotationError):
            READERS[suffix](content)


def events(tmp_path: Path, text: str, suffix: str = ".csv", how: Reading | None = None) -> list[Event]:
    (tmp_path / f"a{suffix}").write_text(text, "utf-8")
    return read_events(tmp_path / f"a{suffix}", load_vocabulary(), BEGIN, how or Reading()).events


def test_a_label_gives_code_actor_value_and_note(tmp_path: Path) -> None:
    text = "onset;label\n3,5;suds 40\n00:01:00;mismatch/dyad\n70;rupture_withdraw\n"
    with pytest.raises(AnnotationError, match="line 4: interval 'rupture_withdraw' needs an end"):
        events(tmp_path, text)
    suds, mismatch = events(tmp_path, text.replace("70;rupture_withdraw\n", ""))
    assert (suds.time, suds.code, suds.actor, suds.value, suds.source) == (
        1003.5,
        "suds",
        "client",
        40.0,
        "import",
    )
    assert (mismatch.time, mismatch.actor, mismatch.t_unc) == (1060.0, "dyad", 1.0)
    (note,) = events(tmp_path, "onset,label\n1,note: came late, sat down\n".replace("late,", "late;"))
    assert note.value == "came late; sat down"


def test_an_interval_becomes_on_and_off_that_belong_together(tmp_path: Path) -> None:
    vtt = "WEBVTT\n\n00:10.000 --> 00:14.000\nover_observed 3 hands shake\n"
    on, off = events(tmp_path, vtt, ".vtt", Reading(zero=100.0, rater="R2"))
    assert (on.phase, on.time, on.value, on.note, on.rater) == ("on", 1110.0, 3.0, "hands shake", "R2")
    assert (off.phase, off.time, off.ref) == ("off", 1114.0, on.id)


def test_tiers_and_labels_mean_what_the_caller_says(tmp_path: Path) -> None:
    text = "onset,end,tier,label\n1,2,Lachen,laut\n5,6,over_observed/client,4\n7,8,Gestik,x\n"
    how = Reading(mapping={"lachen": "play_humor"})
    humour, on, _ = events(tmp_path, text, how=replace(how, skip=True))
    assert (humour.code, humour.note) == ("play_humor", "laut")
    assert (on.code, on.value) == ("over_observed", 4.0)
    with pytest.raises(AnnotationError, match=r"a\.csv: line 4: no code named 'x' .*tier 'Gestik'"):
        events(tmp_path, text, how=how)
    assert events(tmp_path, text, how=replace(how, otherwise="note"))[-1].value == "x"
    (only,) = events(tmp_path, text, how=replace(how, tiers=("Lachen",)))
    assert only.code == "play_humor"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("1,suds 400,,", "suds takes 0-100"),
        ("1,safety_test maybe,,", "safety_test takes passed,failed,open"),
        ("1,mismatch,pilot,", "actor = 'pilot': must be one of client"),
        ("1,mismatch,,Anna Bauer", "rater = 'Anna Bauer': must be a code"),
        ("1,auto_above,,", "written by the software only"),
        ("1,consent_pause,,", "written by the recorder only"),
        ("1,mismatsh,,", "near: mismatch"),
        ("1,hello there,,", "no code in 'hello there'"),
    ],
)
def test_a_label_that_is_no_event_is_told_with_its_line(row: str, fault: str, tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=rf"a\.csv: line 2: .*{fault}"):
        events(tmp_path, f"onset,label,actor,rater\n{row}\n")


def test_a_label_cannot_be_said_to_mean_a_code_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(VocabularyError, match=r"no code named 'sudz' \(near: suds\)"):
        events(tmp_path, "onset,label\n1,mismatch\n", how=Reading(mapping={"laughter": "sudz"}))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(events_command, ["import", *map(str, arguments)])


def test_importing_adds_codings_to_the_overlay_once(tmp_path: Path) -> None:
    raw = [Event(time=BEGIN + 50.0, code="sync_mark", actor="tech", id="s")]
    recording = write_marked(tmp_path / "D01_S01", raw)
    (tmp_path / "a.vtt").write_text("WEBVTT\n\n00:10.000 --> 00:14.000\nover_observed 3\n", "utf-8")
    arguments = (tmp_path / "a.vtt", "--recording", recording, "--who", "R2", "--sync", "4", "--json")
    first, again = run(*arguments), run(*arguments)
    assert json.loads(first.stdout)["added"] == 2, first.output
    assert (json.loads(again.stdout)["added"], json.loads(again.stdout)["there"]) == (0, 2)
    on, off = (e for e in effective(raw, read_overlay(recording)) if e.code == "over_observed")
    assert (on.onset, off.onset, on.rater) == (BEGIN + 56.0, BEGIN + 60.0, "R2")
    edit = read_overlay(recording)[0]
    assert (edit.who, edit.why) == ("R2", "imported from .vtt")
    assert edit.when
    remapped = run(*arguments, "--map", "over_observed 3=under_observed")
    assert json.loads(remapped.stdout)["added"] == 2
    assert {e.code for e in effective([], read_overlay(recording))} == {"under_observed"}


def test_a_blind_import_goes_to_the_raters_own_file(tmp_path: Path) -> None:
    recording = write_marked(tmp_path / "D01_S01", [])
    (tmp_path / "a.csv").write_text("t,code\n10,mismatch\n", "utf-8")
    assert run(tmp_path / "a.csv", "--recording", recording, "--who", "R2", "--blind").exit_code == 0
    assert not (recording / "overlay.jsonl").exists()
    (edit,) = read_edits(rater_file(recording, "R2"))
    assert edit.fields["time"] == BEGIN + 10.0


def test_the_table_of_a_recording_comes_back_as_it_was(tmp_path: Path) -> None:
    raw = [
        Event(time=BEGIN + 3.0, code="suds", actor="client", value=40.0, t_shift=-10.0, id="a", rater="R1"),
        Event(time=BEGIN + 5.0, code="segment", phase="on", actor="tech", value="work", id="b"),
        Event(time=BEGIN + 9.0, code="segment", phase="off", actor="tech", ref="b", id="c"),
        Event(time=BEGIN + 11.0, code="note", actor="dyad", value='a, "b"', id="d", t_unc=5.0),
    ]
    no_codings = [
        Event(time=BEGIN + 12.0, code="stimulus 7", source="lsl", t_unc=0.0),
        Event(time=BEGIN + 13.0, code="consent_pause", phase="on", actor="client", id="p"),
    ]
    write_events(tmp_path, [*raw, *no_codings], BEGIN)
    same, other = (write_marked(tmp_path / name, e) for name, e in (("same", raw), ("other", [])))
    table = tmp_path / "events.csv"
    assert json.loads(run(table, "--recording", same, "--who", "R1", "--json").stdout)["added"] == 0
    counts = json.loads(run(table, "--recording", other, "--who", "R1", "--json").stdout)
    assert (counts["added"], counts["left_out"]) == (4, 2)
    got = effective([], read_overlay(other))
    kept = ("id", "time", "onset", "code", "phase", "actor", "value", "ref", "t_unc")
    before = [[getattr(e, k) for k in kept] for e in effective(raw)]
    assert [[getattr(e, k) for k in kept] for e in got] == before
    with table.open(newline="") as file:
        assert len(list(csv.reader(file))) == 7


def test_what_lies_outside_the_recording_is_refused(tmp_path: Path) -> None:
    recording = write_marked(tmp_path / "D01_S01", [])
    (tmp_path / "a.csv").write_text("t,code\n10,mismatch\n4000,mismatch\n", "utf-8")
    result = run(tmp_path / "a.csv", "--recording", recording, "--who", "R2")
    assert result.exit_code == 1
    assert "mismatch at 4000.0 s lies outside the recording" in result.stderr
    assert not (recording / "overlay.jsonl").exists()


def test_a_name_in_place_of_a_code_is_wrong_usage(tmp_path: Path) -> None:
    recording = write_marked(tmp_path / "D01_S01", [])
    (tmp_path / "a.csv").write_text("t,code\n10,mismatch\n", "utf-8")
    result = run(tmp_path / "a.csv", "--recording", recording, "--who", "Anna")
    assert result.exit_code == 2
    assert read_marked(recording).events == ()


TRANSCRIPT = (
    "WEBVTT\n\n00:01.000 --> 00:04.000\n<v Client>I was late</v>\n\n00:05.000 --> 00:07.000\n<v t01>You "
    "were\n\n00:08.000 --> 00:09.000\n<v Client>yes <v T01>no\n"
)


def test_a_transcript_keeps_who_spoke(tmp_path: Path) -> None:
    recording = write_marked(tmp_path / "r", [])
    (tmp_path / "a.vtt").write_text(TRANSCRIPT, "utf-8")
    words = ["import", str(tmp_path / "a.vtt"), "--recording", str(recording), "--who", "R2"]
    result = CliRunner().invoke(events_command, [*words, "--otherwise", "note"])
    assert result.exit_code == 0, result.output
    edits = read_edits(recording / "overlay.jsonl")
    said = [(e.fields["actor"], e.fields["value"]) for e in edits]
    assert said == [
        ("client", "I was late"), ("therapist", "You were"), ("client", "yes"), ("therapist", "no"),
    ]  # fmt: skip


def test_a_speaker_who_is_nobody_here_is_asked_about_and_the_name_is_kept_nowhere(tmp_path: Path) -> None:
    recording = write_marked(tmp_path / "r", [])
    (tmp_path / "a.vtt").write_text(TRANSCRIPT.replace("Client", "Anna"), "utf-8")
    words = [
        "import",
        str(tmp_path / "a.vtt"),
        "--recording",
        str(recording),
        "--who",
        "R2",
        "--otherwise",
        "note",
    ]
    asked = CliRunner().invoke(events_command, words)
    assert asked.exit_code == 1 and "line 3: speaker 'Anna': client or therapist?" in asked.stderr
    wrong = CliRunner().invoke(events_command, [*words, "--speaker", "Anna=friend"])
    assert wrong.exit_code == 2 and "NAME=client or NAME=therapist" in wrong.output
    told = CliRunner().invoke(events_command, [*words, "--speaker", "Anna=client"])
    assert told.exit_code == 0, told.output
    assert "Anna" not in (recording / "overlay.jsonl").read_text("utf-8")
    assert read_edits(recording / "overlay.jsonl")[0].fields["actor"] == "client"

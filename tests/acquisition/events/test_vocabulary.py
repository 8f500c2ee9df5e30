from __future__ import annotations

import hashlib
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import VocabularyError
from acquisition.events.vocabulary import PROFILES, SOFTWARE, load_vocabulary, parse_vocabulary

HEADER = b"group,code,kind,actor,hotkey,value,meaning,seed_term,maps_to,hed\n"
ROW = b"own,my_code,point,client,-,-,mine,-,-,-\n"


def test_the_shipped_vocabulary_has_66_codes_in_nine_groups() -> None:
    codes = load_vocabulary().codes
    assert len(codes) == 66
    assert len({c.group for c in codes.values()}) == 9
    assert codes["rupture_withdraw"].kind == "interval"
    assert codes["consent_pause"].actor == "client"
    assert codes["eye_contact"].hotkey == ""
    assert (codes["confirm"].actor, codes["confirm"].group) == ("system", SOFTWARE)


def test_the_hash_is_that_of_the_file() -> None:
    data = (files("acquisition.events") / "events_vocab.csv").read_bytes()
    assert load_vocabulary().hash == "sha256:" + hashlib.sha256(data).hexdigest()


def test_profiles_switch_on_a_few_codes_and_the_rater_has_all_that_people_set() -> None:
    vocabulary = load_vocabulary()
    assert [c.code for c in vocabulary.profile("therapist")] == ["now_moment", "mismatch", "ther_unsafe"]
    assert len(vocabulary.profile("technician")) == len(PROFILES["technician"]) == 12
    assert not [c for c in vocabulary.profile("rater") if c.group == SOFTWARE]
    assert len(vocabulary.profile("rater")) == 57
    with pytest.raises(VocabularyError, match="no event profile named 'pilot'"):
        vocabulary.profile("pilot")


def test_an_unknown_code_shows_near_ones() -> None:
    with pytest.raises(VocabularyError, match=r"no code named 'ruptur_confront' \(near: rupture_confront"):
        load_vocabulary().find("ruptur_confront")
    with pytest.raises(VocabularyError, match="66 codes are known"):
        load_vocabulary().find("§§§")


def test_a_laboratory_brings_its_own_as_csv_or_toml(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_bytes(HEADER + ROW)
    assert load_vocabulary(tmp_path / "own.csv").find("my_code").meaning == "mine"
    (tmp_path / "own.toml").write_text(
        '[[code]]\ncode = "a"\nkind = "point"\nactor = "dyad"\nretired = true\n'
    )
    with pytest.raises(VocabularyError, match="code 'a' is retired"):
        load_vocabulary(tmp_path / "own.toml").find("a")
    with pytest.raises(VocabularyError, match="cannot be read"):
        load_vocabulary(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (HEADER + ROW.replace(b"point", b"moment"), "row 1 kind = 'moment': must be point or interval"),
        (HEADER + ROW.replace(b"client", b"pilot"), "row 1 actor = 'pilot': must be one of client"),
        (HEADER + ROW.replace(b"my_code", b"my code"), "row 1 code = 'my code': must be letters"),
        (HEADER + ROW + ROW, "row 2 code = 'my_code': twice"),
        (HEADER.replace(b"hed", b"hat") + ROW, "row 1 hat: unknown column"),
        (HEADER + b"own,my_code\n", "a row has more or fewer fields"),
        (HEADER, "no codes"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_a_faulty_vocabulary_names_the_row(data: bytes, fault: str) -> None:
    with pytest.raises(VocabularyError) as caught:
        parse_vocabulary(data, "own.csv")
    assert f"own.csv: {fault}" in str(caught.value)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["own.csv", "own.toml"]))
def test_any_bytes_are_a_vocabulary_or_a_named_error(data: bytes, place: str) -> None:
    for tail in (data, HEADER + data):
        with suppress(VocabularyError):
            assert parse_vocabulary(tail, place).codes


OWN = HEADER[:-1] + b",profiles,markers\n"


def test_a_laboratory_switches_its_own_codes_on_in_the_profiles_it_names() -> None:
    rows = b"own,a,point,client,-,-,mine,-,-,-,technician;therapist,-\nown,b,point,client,-,-,x,-,-,-,-,-\n"
    vocabulary = parse_vocabulary(OWN + rows, "own.csv")
    assert [c.code for c in vocabulary.profile("technician")] == ["a"]
    assert [c.code for c in vocabulary.profile("therapist")] == ["a"]
    assert [c.code for c in vocabulary.profile("rater")] == ["a", "b"]


def test_foreign_markers_mean_what_the_file_says() -> None:
    rows = b"own,a,interval,client,-,-,mine,-,-,-,-,trial=on; trial end=off; pedal = 3\n"
    vocabulary = parse_vocabulary(OWN + rows, "own.csv")
    code = vocabulary.codes["a"]
    assert vocabulary.foreign("trial") == (code, "on")
    assert vocabulary.foreign("trial end") == (code, "off")
    assert vocabulary.foreign("pedal = 3") == (code, "")
    assert vocabulary.foreign("trial en") is None
    assert vocabulary.foreign("a") is None


@pytest.mark.parametrize(
    ("profiles", "markers", "fault"),
    [
        (b"pilot", b"-", "row 1 profiles = 'pilot': must be of therapist"),
        (b"-", b"x;x", "marker 'x': means two"),
    ],
)
def test_a_fault_in_what_a_laboratory_adds_is_named(profiles: bytes, markers: bytes, fault: str) -> None:
    row = b"own,a,point,client,-,-,mine,-,-,-," + profiles + b"," + markers + b"\n"
    with pytest.raises(VocabularyError, match=fault):
        parse_vocabulary(OWN + row, "own.csv")

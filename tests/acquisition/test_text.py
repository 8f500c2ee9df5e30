from __future__ import annotations

import json
import tomllib
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from acquisition.session.toml_table import literal
from acquisition.text import clean_line, clean_text, how_many

ANY = st.text(st.characters(), max_size=300)
"""Any characters, lone surrogates too."""


@given(ANY)
def test_what_is_kept_of_any_text_can_be_written_and_read_again(text: str) -> None:
    for kept in (clean_text(text, 200), clean_line(text)):
        assert kept.encode("utf-8").decode("utf-8") == kept
        assert json.loads(json.dumps(kept, ensure_ascii=False)) == kept
        assert tomllib.loads(f"x = {literal(kept)}")["x"] == kept
        element = ElementTree.Element("x")
        element.text = kept
        assert (ElementTree.fromstring(ElementTree.tostring(element)).text or "") == kept
        assert len(kept) <= 200


@given(ANY)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean_text(clean_text(text, 200), 200) == clean_text(text, 200)
    assert clean_line(clean_line(text)) == clean_line(text)


def test_a_label_is_one_printable_line() -> None:
    assert clean_line("EDA\x80 left\u2028\x1b[2J") == "EDA\ufffd left \ufffd[2J"
    assert clean_line(" µS ") == "µS"


def test_a_note_keeps_its_lines_and_loses_what_moves_a_cursor() -> None:
    assert clean_text("a\r\nb\tc\x1b\x9b\udc80", 50) == "a\nb\tc\ufffd\ufffd\ufffd"


def test_one_is_one_and_not_many() -> None:
    assert [how_many(n, "session") for n in (0, 1, 2)] == ["0 sessions", "1 session", "2 sessions"]
    assert [how_many(n, "person", "people") for n in (1, 2)] == ["1 person", "2 people"]

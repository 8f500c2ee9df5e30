"""The annotation files that can be read, by their suffix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from acquisition.errors import AnnotationError
from processing.codings.annotations.annotation import MAX_BYTES, Annotation
from processing.codings.annotations.boris import read_boris
from processing.codings.annotations.eaf import read_eaf
from processing.codings.annotations.subtitles import read_srt, read_vtt
from processing.codings.annotations.table import read_table
from processing.codings.annotations.textgrid import read_textgrid

READERS: Mapping[str, Callable[[bytes], list[Annotation]]] = {
    ".csv": read_table,
    ".tsv": read_table,
    ".txt": read_table,
    ".eaf": read_eaf,
    ".boris": read_boris,
    ".textgrid": read_textgrid,
    ".vtt": read_vtt,
    ".srt": read_srt,
}


def read_annotations(path: Path) -> tuple[list[Annotation], bytes]:
    """Read a file of annotations; return them and the bytes they come from.

    Raises
    ------
    AnnotationError
        If it cannot be read: one line that names the file and the place in it.
    """
    reader = READERS.get(path.suffix.casefold())
    if reader is None:
        known = ", ".join((".csv", ".tsv", ".txt", ".eaf", ".boris", ".TextGrid", ".vtt", ".srt"))
        raise AnnotationError(f"{path}: no file of events by its ending (known: {known})")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise AnnotationError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise AnnotationError(f"{path}: longer than {MAX_BYTES >> 20} MiB")
    try:
        return reader(data), data
    except AnnotationError as error:
        raise AnnotationError(f"{path}: {error}") from None

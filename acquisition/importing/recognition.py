"""The table of layouts, and which of them a file is."""

from __future__ import annotations

import csv
import logging
import multiprocessing
import struct
import tokenize
import zipfile
import zlib
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from acquisition.errors import AttunementError, RecordingError
from acquisition.importing.border import stamped_streams
from acquisition.importing.found import HEAD, FoundFile, Hints, Layout, Peek
from acquisition.importing.layouts import (
    beats,
    bids,
    csv_table,
    e4,
    edf,
    emotibit,
    fif,
    imotions,
    labchart,
    mindware,
    movesense,
    opensignals,
    opensignals_h5,
    polar_logger,
    shimmer,
    unisens,
    wav,
    xdf,
)
from acquisition.importing.layouts.acqknowledge import acq, txt
from acquisition.importing.layouts.embrace import avro, csv_files
from acquisition.importing.packed import unpacked
from acquisition.importing.tables.dialect import first_lines

LAYOUTS: tuple[Layout, ...] = tuple(
    Layout(m.TITLE, m.recognise, m.read, m in (acq, avro, opensignals_h5))
    for m in (
        xdf,
        edf,
        fif,
        wav,
        avro,
        opensignals_h5,
        unisens,
        bids,
        e4,
        acq,
        opensignals,
        polar_logger,
        emotibit,
        csv_files,
        shimmer,
        txt,
        labchart,
        mindware,
        imotions,
        movesense,
        beats,
        csv_table,
    )
)
"""Tried in this order; the first that recognises a file reads it. What is told by its bytes comes first."""
BROKEN = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    MemoryError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    AttributeError,
    ArithmeticError,
    NotImplementedError,
    StopIteration,
    csv.Error,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
)
"""What readers of Python, numpy and other libraries raise on a damaged file."""


PATIENCE, SLOWEST = 30.0, 1e6
"""Seconds, and bytes a second beyond them, that a library may take to read a file."""


def peek(path: Path) -> Peek:
    """Return what a layout is recognised by.

    Raises
    ------
    RecordingError
        If there is no such file, or it is neither a file nor a folder.
    """
    if path.is_dir():
        return Peek(path, b"", ())
    if not path.exists():
        raise RecordingError(f"{path}: no such file")
    if not path.is_file():
        raise RecordingError(f"{path}: neither a file nor a folder (a device or pipe), so it is not opened")
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
            whole = not file.read(1)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
    if not head:
        raise RecordingError(f"{path}: empty")
    return Peek(path, head, tuple(first_lines(head, whole=whole)))


def recognised(path: Path, hints: Hints | None = None) -> FoundFile:
    """Recognise and read a file or folder.

    Raises
    ------
    RecordingError, StreamError
        If it is of no known layout, or cannot be read: one line that names it.
    """
    seen = peek(path)
    try:
        layout = next((one for one in LAYOUTS if one.recognise(seen)), None)
    except BROKEN as error:
        raise RecordingError(f"{path}: cannot be read: {reason(error)}") from error
    if layout is None and not path.is_dir():
        found = _packed(path, hints)
        if found is not None:
            return found
    if layout is None:
        known = ", ".join(dict.fromkeys(one.title for one in LAYOUTS))
        raise RecordingError(
            f"{path}: of no layout that is known ({known}); --stream takes .csv and .npz of any names"
        )
    try:
        with np.errstate(all="ignore"):  # a damaged number is nan, and no warning
            if layout.foreign:
                return stamped_streams(_apart(layout, path, hints or Hints()))
            return stamped_streams(layout.read(path, hints or Hints()))
    except AttunementError:
        raise
    except BROKEN as error:
        raise RecordingError(f"{path}: {layout.title} that cannot be read: {reason(error)}") from error


def _packed(path: Path, hints: Hints | None) -> FoundFile | None:
    """Recognise what a file holds packed; None if it is not packed, or in a way of its own."""
    try:
        with unpacked(path) as inside:
            if inside is None:
                return None
            try:
                return replace(recognised(inside, hints), path=path)
            except AttunementError as error:
                # What was unpacked is gone when somebody reads the message.
                raise type(error)(str(error).replace(str(inside), str(path))) from None
    except BROKEN as error:
        if isinstance(error, AttunementError):
            raise
        raise RecordingError(f"{path}: packed, and cannot be unpacked: {reason(error)}") from error


def _apart(layout: Layout, path: Path, hints: Hints) -> FoundFile:
    """Read a file in a process that is ended when it takes too long."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    size = sum(f.stat().st_size for f in path.iterdir()) if path.is_dir() else path.stat().st_size
    patience = PATIENCE + size / SLOWEST
    process = context.Process(target=_read_apart, args=(there, layout.title, path, hints), daemon=True)
    process.start()
    there.close()
    try:
        if not here.poll(patience):
            raise RecordingError(f"{path}: {layout.title} without an end: not read in {patience:.0f} s")
        found, heeded = here.recv()
        hints.heeded.update(heeded)
    except EOFError:
        raise RecordingError(f"{path}: {layout.title} that cannot be read: its reader broke down") from None
    finally:
        process.kill()
        process.join()
        here.close()
    if isinstance(found, BaseException):
        raise found
    assert isinstance(found, FoundFile)
    return found


def _read_apart(there: Connection, title: str, path: Path, hints: Hints) -> None:
    layout = next(one for one in LAYOUTS if one.title == title)
    answer: FoundFile | Exception
    logging.disable()  # what a library says besides its error is in no user's words
    try:
        answer = layout.read(path, hints)
    except AttunementError as error:
        answer = error
    except ImportError as error:
        answer = RecordingError(f"{path}: {title} needs {error.name}: pip install 'attunement[foreign]'")
    except (AttributeError, TypeError, LookupError):  # it stumbled over what is not there
        answer = RecordingError(f"{path}: {title} that cannot be read: damaged, or a file of another kind")
    except Exception as error:  # of any kind: the library's own
        answer = RecordingError(f"{path}: {title} that cannot be read: {reason(error)}")
    there.send((answer, hints.heeded))
    there.close()


def reason(error: BaseException) -> str:
    """Return an error of a library as one line."""
    return (" ".join(str(error).split()) or type(error).__name__)[:200]

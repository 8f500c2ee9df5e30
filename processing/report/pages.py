"""A4 pages that fill from top to bottom: headings, paragraphs, tables and figures; only tables are cut."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure, FigureBase
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

PAPER = (8.27, 11.69)
SIDE, TOP, BOTTOM = 0.55, 0.6, 0.65
"""Margins [inch]."""
WIDTH = PAPER[0] - 2 * SIDE
LETTER = 0.57
"""Mean width of a letter as a share of the size of the type: cautious, so that no line runs off the paper."""
LEADING = 1.35
"""Distance of lines as a multiple of the size of the type."""


class _Title(NamedTuple):
    """Hold a heading that waits for what it heads; lengths [inch]."""

    lines: list[str]
    size: float
    keep: float
    gap: float

    @property
    def height(self) -> float:
        """Return what it takes, with the gap above it."""
        return self.gap + len(self.lines) * self.size * LEADING / 72 + 0.06


class Pages:
    """Hold the pages so far and how far down the last one is filled."""

    def __init__(self, footer: str) -> None:
        self.figures: list[Figure] = []
        self._footer = footer
        self._down = PAPER[1]
        self._waiting: list[_Title] = []

    def new(self) -> None:
        """Begin a page."""
        page = Figure(figsize=PAPER)
        self.figures.append(page)
        self._down = TOP
        y = 0.5 * BOTTOM / PAPER[1]
        page.text(SIDE / PAPER[0], y, self._footer, fontsize=6.5, color="#56606A")
        page.text(1.0 - SIDE / PAPER[0], y, str(len(self.figures)), fontsize=6.5, ha="right")

    def room(self, height: float) -> None:
        """Begin a page unless this much [inch] is left on it, and write the headings that waited for it."""
        titles, self._waiting = self._waiting, []
        least = max([height, *(t.keep for t in titles)])
        if self._down + sum(t.height for t in titles) + least > PAPER[1] - BOTTOM:
            self.new()
        for title in titles:
            self._down += title.gap if self._down > TOP else 0.0
            self._write(title.lines, SIDE, size=title.size, weight="bold")
            self._down += title.height - title.gap

    def heading(self, text: str, *, keep: float = 1.0, size: float = 12.0) -> None:
        """Head what follows: it is written with that, on one page with at least `keep` inches of it."""
        self._waiting.append(_Title(wrapped(text, WIDTH, size), size, keep, gap=0.16))

    def caption(self, text: str, *, size: float = 8.0) -> None:
        """Name the table or figure that follows, on the same page."""
        self._waiting.append(_Title(wrapped(text, WIDTH, size), size, keep=0.0, gap=0.04))

    def paragraph(
        self, text: str, *, size: float = 8.0, color: str = "#1B2126", hang: str = "", box: bool = False
    ) -> None:
        """Write a paragraph over the full width; `hang` begins it and indents its other lines."""
        lines = wrapped(f"{hang}{text}", WIDTH - 0.2 * box, size, indent="  " * bool(hang))
        height = len(lines) * size * LEADING / 72
        self.room(height + 0.16 * box)
        if box:
            self._frame(height + 0.16)
            self._down += 0.08
        self._write(lines, SIDE + 0.1 * box, size=size, color=color)
        self._down += height + (0.18 if box else 0.05)

    def _frame(self, height: float) -> None:
        corner = (SIDE / PAPER[0], 1.0 - (self._down + height) / PAPER[1])
        frame = Rectangle(corner, WIDTH / PAPER[0], height / PAPER[1], fill=False, lw=0.8, ec="#1B2126")
        self.figures[-1].add_artist(frame)

    def columns(self, texts: Sequence[Sequence[str]], *, size: float = 8.0) -> None:
        """Write paragraphs side by side; the first of each column is its heading."""
        width = (WIDTH - 0.2 * (len(texts) - 1)) / len(texts)
        blocks = [[wrapped(p, width, size, indent="") for p in column] for column in texts]
        lines = [sum(len(p) for p in block) + 0.45 * len(block) for block in blocks]
        height = max(lines, default=0.0) * size * LEADING / 72
        self.room(height)
        top = self._down
        for k, block in enumerate(blocks):
            self._down = top
            for j, part in enumerate(block):
                weight = "normal" if j else "bold"
                self._write(part, SIDE + k * (width + 0.2), size=size, weight=weight)
                self._down += (len(part) + 0.45) * size * LEADING / 72
        self._down = top + height + 0.06

    def table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        shares: Sequence[float],
        *,
        size: float = 7.0,
    ) -> None:
        """Write a table, over several pages if need be, its head on each; `shares` of the width sum to 1."""
        step = size * LEADING / 72
        titles = [wrapped(t, s * WIDTH - 0.06, size) for t, s in zip(head, shares, strict=True)]
        high = max(map(len, titles))
        cells = [[wrapped(c, s * WIDTH - 0.06, size) for c, s in zip(r, shares, strict=True)] for r in rows]
        waiting = [(max(map(len, row), default=1), row) for row in cells]
        while waiting:
            self.room(max(4, 1 + high + waiting[0][0]) * step)
            left = int((PAPER[1] - BOTTOM - self._down) / step) - 1 - high
            taken = []
            while waiting and left >= waiting[0][0]:
                left -= waiting[0][0]
                taken.append(waiting.pop(0))
            if not taken:
                if self._down <= TOP + step:
                    taken.append(waiting.pop(0))
                else:
                    self.new()
                    continue
            self._columns(titles, taken, shares, size)

    @staticmethod
    def height_of(
        head: Sequence[str], rows: Sequence[Sequence[str]], shares: Sequence[float], *, size: float = 7.0
    ) -> float:
        """Return how high a table is that is not cut [inch]."""
        lines = (max(len(wrapped(c, s * WIDTH - 0.06, size)) for c, s in zip(r, shares, strict=True))
                 for r in (head, *rows))  # fmt: skip
        return (sum(lines) + 1) * size * LEADING / 72

    @staticmethod
    def height_of_text(text: str, *, size: float = 8.0) -> float:
        """Return how high a paragraph is, with the gap below it [inch]."""
        return len(wrapped(text, WIDTH, size)) * size * LEADING / 72 + 0.05

    def _columns(
        self,
        head: Sequence[Sequence[str]],
        rows: Sequence[tuple[int, Sequence[Sequence[str]]]],
        shares: Sequence[float],
        size: float,
    ) -> None:
        """Write the rows that fit on this page."""
        step = size * LEADING / 72
        page, top = self.figures[-1], self._down
        below = top + (max(map(len, head)) + 0.1) * step
        for k, title in enumerate(head):
            x = SIDE + sum(shares[:k]) * WIDTH
            self._down = top
            self._write(title, x, size=size, weight="bold")
            self._down = below
            lines = [line for n, row in rows for line in [*row[k], *[""] * (n - len(row[k]))]]
            self._write(lines, x, size=size)
        for y in _rules(below, [n for n, _ in rows], step):
            page.add_artist(_rule(y))
        self._down = below + (0.2 + sum(n for n, _ in rows)) * step + 0.08

    def place(self, height: float, note: str = "") -> FigureBase:
        """Give room for a figure of full width, on a new page if it and its note do not fit on this one."""
        self.room(height + (self.height_of_text(note, size=7.0) if note else 0.0))
        page = self.figures[-1]
        below = PAPER[1] - self._down - height
        grid = GridSpec(
            3, 3, figure=page, width_ratios=[SIDE, WIDTH, SIDE], height_ratios=[self._down, height, below]
        )
        self._down += height + 0.05
        return page.add_subfigure(grid[1, 1])

    def _write(self, lines: Sequence[str], x: float, *, size: float, **how: Any) -> None:
        """Write lines from here on down, each on a base line of its own.

        How far apart matplotlib puts the lines of one text depends on its version and on their letters: the
        columns of a table would not meet.
        """
        page, step = self.figures[-1], size * LEADING / 72
        for k, line in enumerate(lines):
            if line:
                y = 1.0 - (self._down + (k + 0.72) * step) / PAPER[1]
                page.text(x / PAPER[0], y, line, fontsize=size, va="baseline", **how)


def wrapped(text: str, width: float, size: float, *, indent: str = "") -> list[str]:
    """Return the lines of a text at a width [inch] and size [pt]; at least one."""
    n = max(6, int(width * 72 / (LETTER * size)))
    return textwrap.wrap(text, n, subsequent_indent=indent) or [""]


def _rules(y: float, heights: Sequence[int], step: float) -> list[float]:
    out = [y]
    for n in heights:
        y += n * step
        out.append(y)
    return out


def _rule(y: float) -> Line2D:
    x = [SIDE / PAPER[0], 1.0 - SIDE / PAPER[0]]
    return Line2D(x, [1.0 - y / PAPER[1]] * 2, lw=0.3, color="#CBD1D7")

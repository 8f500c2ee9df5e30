"""The certificate of a withdrawal as one page: what went, when, by whom, and what cannot be reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages

from processing.report.pages import Pages
from processing.report.report import STYLE

SIZE = 9.0
_MOST = 24
"""Lines of what was done that fit; the JSON beside the page has all."""


def page(said: dict[str, Any]) -> Pages:
    """Return the certificate as pages."""
    out = Pages(f"Withdrawal of {said['person']} from {said['session']}")
    out.new()
    out.heading("Certificate of a withdrawal", size=15.0)
    out.paragraph(
        f"{said['role']} {said['person']}".strip() + f", recording {said['session']} ({said['recording']})",
        size=SIZE,
    )
    out.paragraph(f"carried out {said['when']} by the account {said['by']}", size=SIZE)
    if said["why"]:
        out.paragraph(f"why: {said['why']}", size=SIZE)
    out.heading("What was done")
    for line in said["done"][:_MOST]:
        out.paragraph(line, hang="– ", size=7.5)
    if len(said["done"]) > _MOST:
        out.paragraph(f"and {len(said['done']) - _MOST} more lines in the JSON file beside this", size=SIZE)
    out.heading("Keys destroyed")
    out.paragraph(", ".join(said["keys_destroyed"]) or "none: the recording was not sealed", size=SIZE)
    if said["videos"]:
        out.heading("Videos of the hour: to be erased by hand")
        for video in said["videos"]:
            out.paragraph(
                f"{video['file']} ({video['bytes']} bytes, SHA-256 {video['sha256']})", hang="– ", size=7.5
            )
    out.heading("What is left")
    kept = ", ".join(said["kept"]) or "nothing"
    out.paragraph(f"of the recording, without {said['person']}: {kept}", size=SIZE)
    if said["left"]:
        out.paragraph(f"could not be deleted: {', '.join(said['left'])}", size=SIZE)
    out.heading("What cannot be reached")
    out.paragraph(said["not_reached"], size=SIZE)
    return out


def write_certificate(said: dict[str, Any], out: Path) -> None:
    """Write the certificate as PDF, all or nothing."""
    fresh = out.with_name(f".{out.name}.part")
    nothing = {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None}
    with mpl.rc_context(STYLE), PdfPages(fresh, metadata=nothing) as pdf:
        for figure in page(said).figures:
            pdf.savefig(figure)
    fresh.replace(out)

"""What markers of other programs mean in a laboratory's own vocabulary: as when they come while recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from acquisition.errors import AttunementError
from acquisition.events.vocabulary import Vocabulary
from acquisition.importing.found import single
from acquisition.importing.store import Imported
from acquisition.recorder.marks import Marks
from acquisition.stream import Modality, Role, StreamInfo


def meant(items: Sequence[Imported], vocabulary: Vocabulary) -> tuple[list[Imported], list[str]]:
    """Return streams with the marks that markers mean, besides the markers, and what was made of them.

    A marker that means what cannot be, such as the end of an interval that is not open, stays a text.
    """
    found = sorted(
        (float(time), str(text).strip())
        for item in items
        if item.info.modality is Modality.MARKERS and not item.own
        for time, text in zip(item.at, item.samples[:, 0], strict=True)
        if vocabulary.foreign(str(text).strip()) is not None
    )
    if not found:
        return list(items), ["no marker has a meaning in the vocabulary"]
    marks, made, said = Marks(vocabulary), [], []
    for time, text in found:
        code, phase = vocabulary.foreign(text) or (None, "")
        assert code is not None
        fields = {"code": code.code, "source": "lsl", "time": time, "t_unc": 0.0}
        try:
            event = marks.make(fields | ({"phase": phase} if phase else {}), time)
        except AttunementError as error:
            said.append(f"marker {text[:40]!r} at {time:.3f} s stays a text: {error}")
            continue
        marks.note(event)
        made.append(event)
    said.insert(0, f"{len(made)} of {len(found)} markers mean codes of the vocabulary")
    if not made:
        return list(items), said
    info = StreamInfo(
        name="Events",
        role=Role.DYAD,
        modality=Modality.MARKERS,
        sfreq=0.0,
        unit="",
        channels=("event",),
        format="string",
        device="import",
    )
    times = np.array([event.time for event in made])
    samples = single(np.array([event.to_json() for event in made], object))
    own = next((item for item in items if item.own), None)
    if own is None:
        return [*items, Imported(info=info, times=times, samples=samples, offsets=[], own=True)], said
    order = np.argsort(np.concatenate([own.times, times]), kind="stable")
    both = replace(
        own,
        times=np.concatenate([own.times, times])[order],
        samples=np.concatenate([own.samples, samples])[order],
    )
    return [both if item is own else item for item in items], said

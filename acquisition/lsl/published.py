"""Publish over LSL what a growing recording holds and what is computed from it, if its session asks for it.

Whoever follows the recording does it: the window, or `attune process --follow`; the first one takes a lock,
so that no stream is there twice, and another one takes over when it ends. Only what became known after the
outlets opened is published, nothing of a person who is paused, and nothing that is not in the recording.

LSL has no access control: whoever reaches an outlet can read it. With `[lsl] scope = "machine"` that is this
machine alone (`acquisition.lsl.confinement`), else everybody on the network; which it is, is said at first.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.batch import Batch
from acquisition.errors import AttunementError
from acquisition.lsl.clock import local_clock
from acquisition.lsl.exposure import who_reads
from acquisition.lsl.index_rows import PARTS, Curtain, Released, index_rows
from acquisition.lsl.network import configure
from acquisition.lsl.outlet import Announcement, Outlet, announce
from acquisition.recording.lock import end_exclusive, try_exclusive
from acquisition.recording.recording import Recording
from acquisition.runtime import runtime_directory
from acquisition.session.session import Session
from acquisition.stream import Role, StreamInfo

logger = logging.getLogger(__name__)

INDICES, MARKERS = "indices", "markers"
RETRY = 2.0
"""Seconds between two tries to take over from another process that publishes."""
MAKER = "Attunement (research use only; not a medical device)"
Names = Mapping[str, Sequence[tuple[str, str]]]
"""Entity → (index, unit)."""


class Publisher:
    """Publish what is new of one recording.

    Parameters
    ----------
    session : Session
        Its `[lsl] publish` says what: "indices", "markers", or modalities.
    streams : sequence of StreamInfo
        Expected streams of the recording.
    names : mapping
        Entity → indices that there will be, with their units.
    lock : Path
        Who holds it publishes.
    """

    def __init__(self, session: Session, streams: Sequence[StreamInfo], names: Names, lock: Path) -> None:
        self.session, self._names, self._lock = session, names, lock
        self._streams = [s for s in streams if s.modality in session.lsl.publish]
        self._curtain = Curtain()
        self._handle = -1
        self._tried = -np.inf
        self._since = np.inf
        self._outlets: dict[str, Outlet] = {}
        self._raw: dict[tuple[Role, str], Outlet] = {}
        self._offsets: dict[tuple[Role, str], float] = {}
        self._reasons: dict[tuple[str, str], str] = {}

    @property
    def open(self) -> bool:
        """Tell whether the outlets are there."""
        return bool(self._outlets or self._raw)

    def hear(self, batch: Batch, samples: Iterable[Released]) -> None:
        """Publish what of a batch, and of the index samples it made final, may be published."""
        self._curtain.hear(batch)
        if not self.open:
            self._try_to_open()
        if not self.open:
            return
        live = [
            s for s in samples if s.available > self._since and self._curtain.shown(s.entity, s.available)
        ]
        if INDICES in self.session.lsl.publish:
            self._push_indices(live)
        if MARKERS in self.session.lsl.publish:
            self._push_markers(batch)
        self._push_raw(batch)

    def close(self) -> None:
        """Withdraw the streams; somebody else may publish from now on."""
        for outlet in self._every():
            outlet.close()
        self._outlets, self._raw = {}, {}
        if self._handle >= 0:
            end_exclusive(self._lock, self._handle)
            self._handle = -1

    def _try_to_open(self) -> None:
        now = local_clock()
        if now - self._tried < RETRY:
            return
        self._tried = now
        try:
            handle = try_exclusive(self._lock)
            if handle < 0:
                return
            self._handle = handle
            configure(scope=self.session.lsl.scope, session_id=self.session.lsl.session_id)
            self._open_outlets()
        except (AttunementError, OSError, RuntimeError) as error:
            # Publishing is beside the point of whoever follows the recording: it must not end that.
            logger.warning("nothing is published over LSL: %s", error)
            self.close()
            self._tried = np.inf
            return
        self._since = local_clock()
        words = who_reads(port for outlet in self._every() for port in outlet.ports)
        level = logging.INFO if self.session.lsl.scope == "machine" else logging.WARNING
        logger.log(level, "%s over LSL: %s", ", ".join(self.session.lsl.publish), words)

    def _every(self) -> list[Outlet]:
        return [*self._outlets.values(), *self._raw.values()]

    def _open_outlets(self) -> None:
        if INDICES in self.session.lsl.publish:
            for entity, names in self._names.items():
                self._outlets[entity] = Outlet(self._announced(entity, names))
            self._outlets["reasons"] = Outlet(self._text("reasons", "IndexReasons"))
        if MARKERS in self.session.lsl.publish:
            self._outlets["markers"] = Outlet(self._text("markers", "Markers"))
        for info in self._streams:
            self._raw[info.key] = Outlet(
                replace(
                    announce(info),
                    name=f"Attunement {info.role} {info.name}",
                    source_id=self._source(f"{info.role}-{info.name}"),
                    facts={"manufacturer": MAKER},
                )
            )

    def _source(self, what: str) -> str:
        return f"attunement-{self.session.id}-{what}"

    def _announced(self, entity: str, names: Sequence[tuple[str, str]]) -> Announcement:
        return Announcement(
            name=f"Attunement {entity}",
            type="Indices",
            sfreq=0.0,
            format="double64",
            labels=tuple(f"{name}{part}" for name, _ in names for part in PARTS),
            units=tuple(u for _, unit in names for u in (unit, "", "s")),
            source_id=self._source(entity),
            facts={"manufacturer": MAKER},
        )

    def _text(self, what: str, kind: str) -> Announcement:
        return Announcement(
            name=f"Attunement {what}",
            type=kind,
            sfreq=0.0,
            format="string",
            labels=(what,),
            units=("",),
            source_id=self._source(what),
            facts={"manufacturer": MAKER},
        )

    def _push_indices(self, live: Sequence[Released]) -> None:
        for entity, names in self._names.items():
            mine = [s for s in live if s.entity == entity]
            self._outlets[entity].push(*index_rows(mine, [name for name, _ in names]))
        for sample in live:
            key = sample.entity, sample.index
            if self._reasons.get(key, "") != sample.reason:
                self._reasons[key] = sample.reason
                row = {"entity": sample.entity, "index": sample.index, "reason": sample.reason}
                text = json.dumps(row | {"time": sample.time}, ensure_ascii=False)
                self._outlets["reasons"].push(np.array([sample.available]), np.array([[text]], object))

    def _push_markers(self, batch: Batch) -> None:
        for k, event in batch.events:
            if float(batch.ticks[k]) > self._since:
                text = np.array([[event.to_json()]], object)
                self._outlets["markers"].push(np.array([event.time]), text)

    def _push_raw(self, batch: Batch) -> None:
        """Publish samples with the newest clock offset applied; of a paused person the recording has none."""
        for key, part in batch.streams.items():
            times, self._offsets[key] = part.on_clock(self._offsets.get(key, 0.0))
            fresh = batch.ticks[part.slices] > self._since
            if key in self._raw and fresh.any():
                self._raw[key].push(times[fresh], part.samples[fresh])


def open_publisher(recording: Recording, names: Names) -> Publisher | None:
    """Return who publishes a recording, None if its session asks for nothing or it does not grow."""
    session = recording.session
    if session is None or not session.lsl.publish or recording.state != "growing":
        return None
    digest = hashlib.sha256(str(recording.path.resolve()).encode()).hexdigest()[:16]
    lock = runtime_directory() / f"publish-{digest}.lock"
    return Publisher(session, recording.streams, names, lock)

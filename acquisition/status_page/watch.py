"""Look at a recorder from outside: what it says, or that it is gone or does not answer."""

from __future__ import annotations

from pathlib import Path

from acquisition.errors import ControlError
from acquisition.recorder.control import Client, Endpoint, endpoints
from acquisition.recording.contents import MANIFEST_NAME
from acquisition.status_page.shown import ENDED, GONE, NONE, SILENT, Shown, over, shown

PATIENCE = 1.2
"""Seconds in which a recorder has to answer; it does so between two slices."""


class Watch:
    """Look at the recorder of one recording, or at the one that runs.

    Parameters
    ----------
    recording : str, optional
        Name or path of the recording; without it the newest that runs, and the next one after it.
    """

    def __init__(self, recording: str | None = None) -> None:
        self._wanted = recording
        self._endpoint: Endpoint | None = None
        self._last: Shown | None = None

    def look(self) -> Shown:
        """Return what the page shows now; takes at most `PATIENCE` and a moment."""
        if self._endpoint is None or self._last is None or self._last["state"] in (ENDED, GONE):
            found = self._found()
            if found is None:
                return self._last if self._last is not None else over(NONE, None)
            self._endpoint = found
        try:
            self._last = shown(self._client().status())
        except ControlError:
            self._last = over(self._why(self._endpoint), self._last)
        return self._last

    def marked(self) -> None:
        """Mark that the technician looks.

        Raises
        ------
        ControlError
            If no recorder takes it.
        """
        if self._endpoint is None:
            raise ControlError("no recorder is running")
        self._client().call("mark", code="note", actor="tech", note="technician looks", source="cli")

    def _client(self) -> Client:
        assert self._endpoint is not None
        return Client(self._endpoint, timeout=PATIENCE)

    def _found(self) -> Endpoint | None:
        running = endpoints()
        if self._wanted is not None:
            path = str(Path(self._wanted).resolve())
            running = [e for e in running if self._wanted == e.name or path == e.recording]
        known = self._endpoint
        fresh = [e for e in running if known is None or (e.port, e.token) != (known.port, known.token)]
        return fresh[-1] if fresh else None

    def _why(self, endpoint: Endpoint) -> str:
        """Tell whether a recorder that gave no answer has ended, is gone, or hangs."""
        if (Path(endpoint.recording) / MANIFEST_NAME).exists():
            return ENDED
        # `endpoints` drops those to which nobody listens any more.
        return SILENT if any(e.token == endpoint.token for e in endpoints()) else GONE

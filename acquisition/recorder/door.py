"""The door of the control channel: whoever only stands in it holds nobody up.

One thread accepts every connection and waits for a line with the token, which gets a thread of its own; any
other line is answered at the door. When too many stand there, the one who came first has to go: a program of
ours says what it wants as it comes in.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

WAITING = 128
"""Connections that may wait in silence."""
SILENCE = 60.0
"""Seconds after which a silent connection is closed."""
INSIDE = 16
"""Connections with the token at the same time: more than a user's programs need."""
BACKLOG = 1024
"""Connections that the system may hold until they are accepted; it may allow fewer."""
_BLOCK = 1 << 16


class Door:
    """Listen on a free port of this machine until closed.

    Parameters
    ----------
    longest : int
        Longest line that is waited for [bytes].
    admit : callable
        Line → None if its sender may come in, else the answer, and whether the sender may try again.
    serve : callable
        Takes a connection and what was read of it; called in a thread of its own. It closes nothing.
    """

    def __init__(
        self,
        longest: int,
        admit: Callable[[bytes], tuple[bytes, bool] | None],
        serve: Callable[[socket.socket, bytes], None],
    ) -> None:
        self._longest, self._admit, self._serve = longest, admit, serve
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self._listening.setblocking(False)
        self.port = int(self._listening.getsockname()[1])
        self._inside = threading.BoundedSemaphore(INSIDE)
        self._said: dict[socket.socket, bytearray] = {}
        self._since: dict[socket.socket, float] = {}
        self._bell, self._rope = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    def open(self) -> None:
        """Begin to accept."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and close what only waits."""
        self._rope.send(b"x")
        self._thread.join(5.0)

    def _run(self) -> None:
        try:
            while True:
                for key, _ in self._selector.select(1.0):
                    if key.fileobj is self._bell:
                        return
                    if key.fileobj is self._listening:
                        self._accept()
                    elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._said:
                        self._hear(key.fileobj)
                self._show_out_the_silent()
        finally:
            for link in [*self._said, self._listening, self._bell, self._rope]:
                link.close()
            self._selector.close()

    def _accept(self) -> None:
        try:
            link, _ = self._listening.accept()
        except OSError:  # it has gone already, or there are no descriptors left: let one go
            self._drop_oldest()
            return
        link.setblocking(False)
        self._said[link], self._since[link] = bytearray(), time.monotonic()
        self._selector.register(link, selectors.EVENT_READ)
        self._hear(link)
        if len(self._said) > WAITING:
            self._drop_oldest()

    def _hear(self, link: socket.socket) -> None:
        """Take in what was said; a whole line, or the end, decides."""
        try:
            data = link.recv(_BLOCK)
        except BlockingIOError:
            return
        except OSError:
            self._drop(link)
            return
        self._said[link] += data
        while link in self._said:
            said = bytes(self._said[link])
            end = said.find(b"\n") + 1
            if not end and data and len(said) <= self._longest:
                return  # the rest of the line is still to come
            self._decide(link, said, end or len(said))

    def _decide(self, link: socket.socket, said: bytes, end: int) -> None:
        """Let the sender of a line in, or answer it; where nothing was said, nothing more will come."""
        refusal = self._admit(said[:end]) if said else (b"", False)
        if refusal is not None:
            with contextlib.suppress(OSError):
                link.send(refusal[0])
            if refusal[1]:
                self._said[link] = bytearray(said[end:])
            else:
                self._drop(link)
        elif self._inside.acquire(blocking=False):
            self._let_go(link)
            threading.Thread(target=self._go_in, args=(link, said), name="control", daemon=True).start()
        else:
            self._drop(link)

    def _go_in(self, link: socket.socket, said: bytes) -> None:
        try:
            with link:
                link.settimeout(SILENCE)
                self._serve(link, said)
        except OSError:
            logger.debug("control connection broke", exc_info=True)
        finally:
            self._inside.release()

    def _let_go(self, link: socket.socket) -> None:
        self._selector.unregister(link)
        del self._said[link], self._since[link]

    def _drop(self, link: socket.socket) -> None:
        self._let_go(link)
        link.close()

    def _drop_oldest(self) -> None:
        if self._said:
            self._drop(next(iter(self._said)))

    def _show_out_the_silent(self) -> None:
        before = time.monotonic() - SILENCE
        for link in [link for link, since in self._since.items() if since < before]:
            self._drop(link)

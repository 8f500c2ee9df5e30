"""The server of the page: a token that serves once is exchanged for a cookie; without one nothing is told."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from acquisition.errors import AttunementError
from acquisition.status_page.page import entrance, page, refusal
from acquisition.status_page.shown import Shown
from acquisition.status_page.watch import Watch

COOKIE = "attunement_status"
LIFE = 15 * 60.0
"""Seconds for which a token may be handed in."""
HOURS = 12 * 3600
"""Seconds for which a cookie serves."""
MOST = 8
"""Phones that may look at once; the one that came first goes."""
LOOK = 0.4
"""Seconds between two looks at the recorder, while anybody watches."""
BEAT = 1.0
"""Seconds between two messages at the most, so that a phone knows that it still hears."""


@dataclass(slots=True, eq=False)
class Door:
    """Hold the token of the moment and the cookies that were given for earlier ones.

    Parameters
    ----------
    opened : callable
        Called with a new token after one was used.
    clock : callable
        Seconds that only go on.
    """

    opened: Callable[[str], None] = lambda token: None
    clock: Callable[[], float] = time.monotonic
    token: str = ""
    _since: float = 0.0
    _cookies: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.renew()

    def renew(self) -> str:
        """Make a new token, in place of the one before."""
        self.token, self._since = secrets.token_urlsafe(24), self.clock()
        return self.token

    def fits(self, token: str) -> bool:
        """Tell whether a token may be handed in now."""
        young = self.clock() - self._since <= LIFE
        return secrets.compare_digest(token.encode(), self.token.encode()) and young

    def exchange(self, token: str) -> str:
        """Return a cookie for a token, "" if it does not serve; it does so once."""
        if not self.fits(token):
            return ""
        cookie = secrets.token_urlsafe(32)
        self._cookies = [*self._cookies, cookie][-MOST:]
        self.opened(self.renew())
        return cookie

    def knows(self, cookie: str) -> bool:
        """Tell whether a cookie was given here."""
        return any(secrets.compare_digest(cookie.encode(), one.encode()) for one in self._cookies)


@dataclass(slots=True, eq=False)
class Board:
    """Look at the recorder while anybody watches, and hand on what is new."""

    watch: Watch
    over: threading.Event
    _now: Shown | None = None
    _watchers: int = 0
    _task: asyncio.Task[None] | None = None
    _fresh: asyncio.Event = field(default_factory=asyncio.Event)

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield messages: at once when anything changes, and once a second."""
        self._watchers += 1
        if self._task is None or self._task.done():
            self._now = None  # it may be old: nobody watched
            self._task = asyncio.create_task(self._look())
        try:
            while not self.over.is_set():
                if self._now is not None:
                    yield f"data: {json.dumps(self._now)}\n\n".encode()
                fresh = self._fresh
                with suppress(TimeoutError):
                    await asyncio.wait_for(fresh.wait(), BEAT)
        finally:
            self._watchers -= 1

    async def _look(self) -> None:
        while self._watchers and not self.over.is_set():
            fresh = await asyncio.to_thread(self.watch.look)
            news = self._now is None or {**fresh, "elapsed": 0} != {**self._now, "elapsed": 0}
            self._now = fresh
            if news:
                told, self._fresh = self._fresh, asyncio.Event()
                told.set()
            await asyncio.sleep(LOOK)


def make_app(
    watch: Watch, door: Door, *, hosts: list[str], secure: bool, marks: bool, over: threading.Event
) -> Starlette:
    """Return the application.

    Parameters
    ----------
    hosts : list of str
        Names by which it may be asked for; any other is refused, so that no page elsewhere can reach it.
    secure : bool
        Whether it is behind TLS.
    marks : bool
        Whether "mark: technician looks" is offered.
    over : threading.Event
        Set when the page ends.
    """
    board = Board(watch, over)

    def known(request: Request) -> bool:
        return door.knows(request.cookies.get(COOKIE, ""))

    def answer(make: Callable[[str], str], code: int = 200) -> Response:
        nonce = secrets.token_urlsafe(16)
        return _sealed(HTMLResponse(make(nonce), code), nonce)

    async def home(request: Request) -> Response:
        return answer(lambda nonce: page(nonce, marks=marks)) if known(request) else answer(refusal, 403)

    async def enter(request: Request) -> Response:
        token = request.path_params["token"]
        if request.method == "GET":
            return answer(entrance) if door.fits(token) else answer(refusal, 403)
        cookie = door.exchange(token)
        if not cookie:
            return answer(refusal, 403)
        away = _sealed(RedirectResponse("/", 303), "")
        away.set_cookie(
            COOKIE, cookie, max_age=HOURS, httponly=True, samesite="strict", secure=secure, path="/"
        )
        return away

    async def events(request: Request) -> Response:
        if not known(request):
            return _sealed(Response(status_code=403), "")
        return _sealed(StreamingResponse(board.stream(), media_type="text/event-stream"), "")

    async def looked(request: Request) -> Response:
        if not (
            marks and known(request) and request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
        ):
            return _sealed(Response(status_code=403), "")
        try:
            await asyncio.to_thread(watch.marked)
        except AttunementError:
            return _sealed(Response(status_code=503), "")
        return _sealed(Response(status_code=204), "")

    return Starlette(
        routes=[
            Route("/", home),
            Route("/enter/{token}", enter, methods=["GET", "POST"]),
            Route("/events", events),
            Route("/looked", looked, methods=["POST"]),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
    )


def _sealed(response: Response, nonce: str) -> Response:
    """Let nothing be kept, framed, sniffed or loaded from elsewhere."""
    own = f"'nonce-{nonce}'" if nonce else "'none'"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {own}; style-src {own}; connect-src 'self'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response

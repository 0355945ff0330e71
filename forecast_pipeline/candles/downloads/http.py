"""Requests that end in a whole body, in "there is none", or in a typed refusal: paced, retried, never partial."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from forecast_pipeline.core.errors import DownloadFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_BODY_BYTES = 500_000_000
NOT_FOUND = 404
_NOT_ALLOWED = (401, 403)
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 522, 524})
_MAX_REDIRECTS = 5
_BLOCK = 1 << 20
_AGENT = "forecast-pipeline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patiently a server is asked.

    Attributes:
        requests_per_second: Most requests in a second.
        n_tries: Tries of one request before it is given up.
        first_wait_seconds: Wait before the second try; each further one doubles it.
        longest_wait_seconds: Most that is waited, also where the server asks for more.
        timeout_seconds: Silence after which a try has failed.
    """

    requests_per_second: float = 5.0
    n_tries: int = 6
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 60.0
    timeout_seconds: float = 30.0


class _Unreliable(Exception):
    """A try that failed in a way that may pass."""

    def __init__(self, reason: str, wait_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows a few redirects and never takes a secret header to another host."""

    max_redirections = _MAX_REDIRECTS

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        """The request to follow, stripped of its key where it leaves the host."""
        followed = super().redirect_request(req, fp, code, msg, headers, newurl)
        if followed is not None and urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
            followed.remove_header("Authorization")
        return followed


@dataclass(slots=True)
class Fetcher:
    """Fetches bodies one after another.

    Attributes:
        pace: Limits and patience.
        sleep: Waits; tests pass their own.
        tick: Monotonic seconds; tests pass their own.
    """

    pace: Pace = field(default_factory=Pace)
    sleep: Callable[[float], None] = time.sleep
    tick: Callable[[], float] = time.monotonic
    _last: float = -1e9

    def body(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: bytes | None = None,
        is_whole: Callable[[bytes], str] = lambda _: "",
    ) -> bytes | None:
        """The whole body of a URL; None where the server says there is none.

        Args:
            url: With http or https.
            headers: Further headers; they appear in no message.
            form: Body of a POST.
            is_whole: Says what is wrong with a body, or nothing; a wrong one is fetched again.

        Raises:
            DownloadFailed: If the server refuses, or no try gives a whole body.
        """
        if urlsplit(url).scheme not in ("http", "https"):
            raise DownloadFailed("a download must come by http or https", was=repr(url[:80]))
        request = urllib.request.Request(url, data=form, headers={"User-Agent": _AGENT, **(headers or {})})  # noqa: S310 - the scheme was checked
        reason, asked_for = "", None
        for attempt in range(self.pace.n_tries):
            if attempt:
                wait = asked_for or self.pace.first_wait_seconds * 2.0 ** (attempt - 1)
                self.sleep(min(wait, self.pace.longest_wait_seconds))
            self._wait_for_turn()
            asked_for = None
            try:
                content = self._try(request)
            except _Unreliable as error:
                reason, asked_for = str(error), error.wait_seconds
                continue
            reason = "" if content is None else is_whole(content)
            if not reason:
                return content
        raise DownloadFailed(
            f"{_shown(url)} must answer with a whole body within {self.pace.n_tries} tries",
            was=reason,
            do="run the same command later, it goes on where it stopped",
        )

    def _wait_for_turn(self) -> None:
        pause = self._last + 1.0 / self.pace.requests_per_second - self.tick()
        if pause > 0:
            self.sleep(pause)
        self._last = self.tick()

    def _try(self, request: urllib.request.Request) -> bytes | None:
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            with opener.open(request, timeout=self.pace.timeout_seconds) as answer:
                return _whole_body(answer, answer.headers.get("Content-Length"))
        except urllib.error.HTTPError as error:
            with error:
                if error.code == NOT_FOUND:
                    return None
                raise _refusal(error, request) from None
        except (TimeoutError, urllib.error.URLError, http.client.HTTPException, ConnectionError) as error:
            reason = getattr(error, "reason", None) or error
            raise _Unreliable(f"{type(error).__name__}: {reason}"[:200]) from None


def _whole_body(answer: http.client.HTTPResponse, length: str | None) -> bytes:
    blocks, size = [], 0
    while block := answer.read(_BLOCK):
        blocks.append(block)
        size += len(block)
        if size > MAX_BODY_BYTES:
            raise DownloadFailed(f"a body must be at most {MAX_BODY_BYTES} bytes", was="more")
    if length is not None and length.isdigit() and size != int(length):
        raise _Unreliable(f"{size} of {length} bytes")
    return b"".join(blocks)


def _refusal(error: urllib.error.HTTPError, request: urllib.request.Request) -> Exception:
    """What an error status means: worth another try, or not."""
    if error.code in _RETRIED:
        after = error.headers.get("Retry-After", "") if error.headers else ""
        return _Unreliable(f"status {error.code}", float(after) if after.isdigit() else None)
    do = "check the key in the environment" if error.code in _NOT_ALLOWED else "check symbol, dates and --base-url"
    return DownloadFailed(
        f"{_shown(request.full_url)} must be served", was=f"status {error.code} {error.reason}"[:120], do=do
    )


def _shown(url: str) -> str:
    """A URL for messages: without user, password and query, where secrets stand."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"

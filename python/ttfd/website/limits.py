"""How often is too often.

Counted in memory: the site is one process (see ``gunicorn_config``), and a counter in the database would turn a flood
of requests into a flood of writes. What must hold however often the process restarts is counted by the database itself:
link codes, failed attempts with them, login links, purchases and claims.
"""

from __future__ import annotations

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

__all__ = ["Limits"]

_ALLOWED = {
    "login": parse("30/minute"),  # by address: starts, answers of providers, links from bots
    "change": parse("60/minute"),  # by member: every form
    "code": parse("10/minute"),  # by member; the database locks after five failures
    "export": parse("6/hour"),  # by member: reads all there is
    "card": parse("120/minute"),  # by address: a picture takes some 50 ms of CPU
    "stream": parse("600/minute"),  # by address: reconnecting in a loop
    "warning": parse("1/day"),
}


class Limits:
    """Counts what a client does. ``is_on`` is False where nothing is refused."""

    def __init__(self, is_on: bool = True) -> None:
        self._is_on = is_on
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def is_allowed(self, kind: str, who: str) -> bool:
        """Count one more of a kind, and say whether it is not too many."""
        return not self._is_on or self._limiter.hit(_ALLOWED[kind], kind, who)

"""Logs, for people or for machines. Nothing in them names a member: no names, ids or data of theirs.

A server's message can quote the values of a row, so of an error that comes from the database there are its class and
its SQLSTATE only.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

__all__ = ["JsonFormatter", "TextFormatter", "configure"]

_TEXT = "%(asctime)s %(name)s %(levelname)s %(message)s"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class JsonFormatter(logging.Formatter):
    """``at``, ``level``, ``logger``, ``message``, what the call gave as ``extra``, and ``error`` for an exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["sqlstate"] = getattr(record.exc_info[1], "sqlstate", None)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """A line an event, and after it how an exception came about."""

    def __init__(self) -> None:
        super().__init__(_TEXT)

    def formatException(self, ei: Any) -> str:  # noqa: N802  # the library's name
        """The errors that led to it come first."""
        return "\n".join(_tell(error) for error in _history(ei[1])) if ei[1] is not None else ""


def _history(error: BaseException) -> Iterator[BaseException]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _history(before)
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _history(part)
    yield error


def _tell(error: BaseException) -> str:
    sqlstate = getattr(error, "sqlstate", None)
    said = [f"{type(error).__name__} {sqlstate}"] if sqlstate else traceback.format_exception_only(error)[-1:]
    return "".join(("Traceback (most recent call last):\n", *traceback.format_tb(error.__traceback__), *said)).rstrip()


def configure(log_format: str = "text", level: int = logging.INFO) -> None:
    """Write logs to standard error, as ``text`` for people or as ``json`` for machines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)

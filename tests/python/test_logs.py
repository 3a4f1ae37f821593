"""Logs for machines: one JSON object a line, with event ids and without members."""

import json
import logging
import sys
from collections.abc import Iterator
from io import StringIO

import psycopg
import pytest

from calls import put_pending
from ttfd.errors import UserNotFoundError
from ttfd.logs import JsonFormatter, TextFormatter
from ttfd.worker import Worker


@pytest.fixture
def written() -> Iterator[StringIO]:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("ttfd")
    logger.addHandler(handler)
    level, logger.level = logger.level, logging.DEBUG
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(level)


def lines(stream: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_time_level_logger_message_and_what_the_call_adds(written: StringIO) -> None:
    logging.getLogger("ttfd.test").warning("%d failed", 2, extra={"event_ids": ["a", "b"]})
    (line,) = lines(written)
    assert str(line.pop("at")).endswith("+00:00")
    assert line == {"level": "warning", "logger": "ttfd.test", "message": "2 failed", "event_ids": ["a", "b"]}


def test_of_an_error_only_its_kind_is_written(db: psycopg.Connection, written: StringIO) -> None:
    try:
        db.execute("INSERT INTO ttfd.platforms VALUES ('telegram', 'secret', false, 'x')")
    except psycopg.Error:
        logging.getLogger("ttfd.test").exception("refused")
    (line,) = lines(written)
    assert (line["error"], line["sqlstate"]) == ("UniqueViolation", "23505")
    assert "secret" not in written.getvalue()
    assert "Traceback" not in written.getvalue()


def test_of_an_error_of_the_database_a_text_has_the_way_to_it_and_no_data(db: psycopg.Connection) -> None:
    """Nor of one that it led to, or that is one of several."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TextFormatter())
    try:
        try:
            db.execute("INSERT INTO ttfd.platforms VALUES ('telegram', E'secret\nsecret', false, 'x')")
        except psycopg.Error as error:
            raise ExceptionGroup("two", [error, UserNotFoundError("secret")]) from error
    except ExceptionGroup:
        record = logging.getLogger("ttfd.test").makeRecord(
            "ttfd.test", logging.ERROR, "", 0, "refused", (), sys.exc_info()
        )
    handler.handle(record)
    said = stream.getvalue()
    assert "ERROR refused\nTraceback (most recent call last):\n" in said
    assert "in test_of_an_error_of_the_database_a_text_has_the_way_to_it_and_no_data" in said
    assert "UniqueViolation 23505" in said
    assert "ExceptionGroup: two" in said
    assert "secret" not in said.replace("E'secret\\nsecret'", "").replace('UserNotFoundError("secret")', "")


def test_a_failed_event_is_named_by_its_id_and_nobody_is_named(
    db: psycopg.Connection, database_url: str, written: StringIO
) -> None:
    event_id = put_pending(db, 987654321, "message_sent", {"text": "private words"})
    worker = Worker(database_url)
    worker.drain(db)
    (line,) = [line for line in lines(written) if line["level"] == "warning"]
    assert line["event_ids"] == [str(event_id)]
    assert "987654321" not in written.getvalue()
    assert "private" not in written.getvalue()

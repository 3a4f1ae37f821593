"""The reader runs a little ahead of the database, and never away from it."""

import threading
from collections.abc import Iterator

import pytest

from ttfd.legacy.ahead import ahead


def test_what_is_made_ahead_arrives_whole_and_in_order() -> None:
    assert list(ahead(range(1000), 3)) == list(range(1000))


def test_an_error_of_the_reader_is_raised_where_its_rows_are_used() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    found = ahead(broken(), 3)
    assert next(found) == 1
    with pytest.raises(ValueError, match="broken"):
        next(found)


def test_no_more_is_read_ahead_than_was_said() -> None:
    made: list[int] = []

    def counted() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    found = ahead(counted(), 3)
    next(found)
    found.close()
    assert len(made) < 10


def test_closing_stops_the_thread_even_when_it_waits() -> None:
    before = threading.active_count()
    found = ahead(range(1000), 1)
    next(found)
    found.close()
    assert threading.active_count() == before

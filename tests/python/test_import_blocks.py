"""Rows reach COPY as they are, in blocks that fit into memory."""

from collections.abc import Iterator
from typing import cast

from ttfd.legacy.loader import _blocks
from ttfd.legacy.source import LegacyRow, LegacySource


class Source:
    def __init__(self, *records: str) -> None:
        self.records = records

    def rows(self) -> Iterator[LegacyRow]:
        for number, record in enumerate(self.records):
            yield LegacyRow("users", f"users/{number}", "telegram", record)


def blocks(*records: str) -> list[tuple[int, bytes]]:
    return list(_blocks(7, {"users": "label"}, cast(LegacySource, Source(*records))))


def test_what_copy_reads_in_its_own_way_is_escaped() -> None:
    assert blocks('{"a":"\\n"}', "tab\tline\nend\r") == [
        (2, b'7\tlabel\tusers\tusers/0\ttelegram\t{"a":"\\\\n"}\t\\N\n'
            b"7\tlabel\tusers\tusers/1\ttelegram\ttab\\tline\\nend\\r\t\\N\n")
    ]  # fmt: skip


def test_blocks_are_of_a_thousand_rows_or_a_megabyte() -> None:
    assert [rows for rows, _ in blocks(*["x"] * 2500)] == [1000, 1000, 500]
    assert [rows for rows, _ in blocks(*["x" * 600_000] * 5)] == [2, 2, 1]
    assert blocks() == []

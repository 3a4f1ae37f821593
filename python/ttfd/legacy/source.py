"""What every reader yields: sources of parts of rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from ttfd.legacy.preset import Preset

__all__ = ["LeftOut", "LegacyRow", "LegacySource", "SourcePart"]


class LegacyRow(NamedTuple):
    """One legacy record on its way to `ttfd.import_rows`.

    Attributes:
        part: which part of the source.
        source_key: where the record stands, for people: `user_data.json users/123`, `users id=5`.
        platform: whose id the record's `external_id` is.
        record: the record as JSON text, with canonical names and values as found, or None.
        reject_reason: why no record could be made of it, or None.
    """

    part: str
    source_key: str
    platform: str
    record: str | None
    reject_reason: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part that is not read, and why (an English text that the catalogue translates)."""

    source: str
    part: str
    reason: str


class SourcePart(Protocol):
    """An open part.

    Attributes:
        name, platform: see `Part`.
        identity: fingerprint of the physical data.
        total: the work of reading it, in rows or bytes.
        done: how much of that is done.
    """

    name: str
    platform: str
    identity: str
    total: int
    done: int

    def rows(self) -> Iterator[LegacyRow]: ...


class LegacySource:
    """An open legacy source. Use it as a context manager, or close it.

    Attributes:
        preset: the format.
        label: short name for people, without secrets.
        time_zone: zone of naive time stamps.
        parts: the open parts, the main one first.
        left_out: parts that exist but are not read.
    """

    def __init__(
        self,
        preset: Preset,
        label: str,
        parts: Sequence[SourcePart],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.preset = preset
        self.label = label
        self.time_zone = preset.time_zone
        self.parts = tuple(parts)
        self.left_out: list[LeftOut] = []
        self.close = close

    @property
    def identity(self) -> str:
        """Fingerprint of the main part: equal for two sources that are the same rows."""
        return self.parts[0].identity

    @property
    def total(self) -> int:
        """The work of reading all parts, in rows or bytes."""
        return sum(part.total for part in self.parts)

    @property
    def done(self) -> int:
        """How much of `total` is done."""
        return sum(part.done for part in self.parts)

    def rows(self) -> Iterator[LegacyRow]:
        """Yield every record of every part.

        Raises:
            LegacyError: the source broke off.
        """
        for part in self.parts:
            yield from part.rows()

    def leave_out(self, name: str, reason: str) -> None:
        """Do not read the part `name`, and keep the reason for the report."""
        self.parts = tuple(part for part in self.parts if part.name != name)
        self.left_out.append(LeftOut(self.label, name, reason))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

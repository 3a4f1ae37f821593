"""One exception class per SQLSTATE of the ``T`` class, in one table."""

from __future__ import annotations

import psycopg


class TtfdError(Exception):
    """A refusal by the database. ``sqlstate`` says which, ``hint`` what to do next."""

    sqlstate: str | None = None

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class OutcomeUnknownError(psycopg.OperationalError):
    """The connection was lost in the midst of a call that must not be made twice: look whether it was done."""


class UserNotFoundError(TtfdError):
    """No such user."""


class InvalidExternalIdError(TtfdError):
    """The external id has the wrong form, or the platform is unknown."""


class AccountTakenError(TtfdError):
    """The account belongs to another user."""


class AccountsCollideError(TtfdError):
    """Both users have an account on that platform."""


class LastAccountError(TtfdError):
    """The last account of a user cannot be unlinked."""


class TooManyLinkCodesError(TtfdError):
    """The account has had too many link codes lately."""


class MergeTooOldError(TtfdError):
    """The merge cannot be undone any more, or not before a later one."""


class MergeSpentError(TtfdError):
    """The merge cannot be undone: coins were spent."""


class UnknownEventTypeError(TtfdError):
    """The event type is unknown or disabled."""


class EventIdReusedError(TtfdError):
    """The event id was used before, with other content."""


class AmountNotAllowedError(TtfdError):
    """The stated amount is not allowed or too large."""


class NotEnoughCoinsError(TtfdError):
    """The balance does not cover the coins."""


class AlreadyClaimedError(TtfdError):
    """The reward was claimed already."""


class ItemNotAvailableError(TtfdError):
    """The item is not on sale, or sold out."""


class ItemLimitError(TtfdError):
    """The member has as many of the item as allowed."""


class SeasonNotFoundError(TtfdError):
    """No such season."""


class SameSourceError(TtfdError):
    """Two sources of an import hold the same rows."""


class PlatformNotAllowedError(TtfdError):
    """The database role may not speak for this platform."""


ERRORS: dict[str, type[TtfdError]] = {
    "TU001": UserNotFoundError,
    "TU002": InvalidExternalIdError,
    "TL001": AccountTakenError,
    "TL002": AccountsCollideError,
    "TL003": LastAccountError,
    "TL004": TooManyLinkCodesError,
    "TM001": MergeTooOldError,
    "TM002": MergeSpentError,
    "TE001": UnknownEventTypeError,
    "TE002": EventIdReusedError,
    "TE003": AmountNotAllowedError,
    "TC001": NotEnoughCoinsError,
    "TC002": AlreadyClaimedError,
    "TC003": ItemNotAvailableError,
    "TC004": ItemLimitError,
    "TS001": SeasonNotFoundError,
    "TI001": SameSourceError,
    "TP001": PlatformNotAllowedError,
}
for _sqlstate, _class in ERRORS.items():
    _class.sqlstate = _sqlstate


def translate(error: psycopg.Error) -> Exception:
    """The ttfd exception for a database error, or the error itself where it is none of ours."""
    found = ERRORS.get(error.sqlstate or "")
    if found is None:
        return error
    return found(error.diag.message_primary or str(error), error.diag.message_hint)

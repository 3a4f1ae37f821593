"""What visitors send, and what refusals are called in their language."""

from __future__ import annotations

import re
from uuid import UUID

import psycopg
from flask import abort, flash, request

from .. import errors
from .language import marked, translated

__all__ = ["event_id_field", "number_field", "parse_number", "tell"]

_LARGEST = 2**63 - 1

_REFUSALS: dict[type[Exception], str] = {
    errors.AccountTakenError: marked("This account belongs to another member."),
    errors.AccountsCollideError: marked(
        "Both members have an account on the same platform, so they cannot become one. Unlink one of them first."
    ),
    errors.LastAccountError: marked("The last account cannot be unlinked: you could never come back."),
    errors.TooManyLinkCodesError: marked("You have had ten codes within the hour. Please wait a little."),
    errors.MergeTooOldError: marked("This can no longer be undone, or something later has to be undone first."),
    errors.MergeSpentError: marked("Some of what came with the merge is spent, so it cannot be undone now."),
    errors.EventIdReusedError: marked("This form was sent before. Load the page again."),
    errors.NotEnoughCoinsError: marked("You have not enough coins."),
    errors.AlreadyClaimedError: marked("Today's reward is yours already. Come back tomorrow."),
    errors.ItemNotAvailableError: marked("This is not on sale."),
    errors.ItemLimitError: marked("You have as many of these as one may have."),
    errors.SeasonNotFoundError: marked("There is no such season."),
    errors.UserNotFoundError: marked("There is no such member."),
    errors.PlatformNotAllowedError: marked("You were logged out meanwhile. Please log in again."),
    errors.InvalidExternalIdError: marked("This value is not allowed."),
    psycopg.errors.NoDataFound: marked("There is no such thing any more."),
    psycopg.errors.ObjectNotInPrerequisiteState: marked("This was settled already."),
    psycopg.errors.ExclusionViolation: marked("Another season is in the way."),
    psycopg.errors.InvalidParameterValue: marked("This value is not allowed."),
    psycopg.errors.IntegrityError: marked("This value is not allowed."),
    psycopg.errors.DataError: marked("This value is not allowed."),
}


def tell(error: Exception) -> None:
    """Say on the next page why something was refused. Raises the error when it is no refusal."""
    for kind, text in _REFUSALS.items():
        if isinstance(error, kind):
            flash(translated(text), "bad")
            return
    raise error


def event_id_field() -> UUID:
    """The id that makes a form count once, however often it is sent."""
    try:
        return UUID(request.form.get("event_id", ""))
    except ValueError:
        abort(400)


def number_field(name: str) -> int | None:
    """A number in the address; 404 for anything else."""
    text = request.args.get(name)
    if text is None:
        return None
    value = parse_number(text)
    return abort(404) if value is None else value


def parse_number(text: str) -> int | None:
    """A whole number from 0 that the database can hold, or None."""
    if not re.fullmatch(r"[0-9]{1,19}", text):
        return None
    value = int(text)
    return value if value <= _LARGEST else None

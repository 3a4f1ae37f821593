"""What a member is told when something was refused or has failed; never what the database wrote."""

from __future__ import annotations

import datetime as dt
import re

import psycopg

from .. import errors
from ..names import marked
from .writer import Safe, Writer

__all__ = ["database_down", "explain", "is_expected", "is_outage", "private_only", "wrong_arguments"]

_REFUSALS: dict[type[BaseException], str] = {
    errors.UserNotFoundError: marked("I do not know this member."),
    errors.InvalidExternalIdError: marked("I do not know this account."),
    errors.AccountTakenError: marked("This account belongs to another member."),
    errors.AccountsCollideError: marked(
        "Both sides have an account on the same platform, so they cannot become one. Unlink one of them first."
    ),
    errors.LastAccountError: marked("This is your only account. There is nothing to unlink."),
    errors.TooManyLinkCodesError: marked("That were many codes. The last one is still valid; ask again later."),
    errors.MergeTooOldError: marked("This can no longer be undone."),
    errors.MergeSpentError: marked("This cannot be undone now: coins that would go back were spent."),
    errors.EventIdReusedError: marked("This was answered already."),
    errors.AmountNotAllowedError: marked("This amount is not allowed."),
    errors.NotEnoughCoinsError: marked("You have not enough coins."),
    errors.ItemNotAvailableError: marked("This is not on sale, or sold out."),
    errors.ItemLimitError: marked("You have as many of it as allowed."),
    errors.UnknownEventTypeError: marked("This is switched off at present."),
    errors.PlatformNotAllowedError: marked("The bot may not do this. Please tell its administrator."),
}

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def explain(w: Writer, error: BaseException, now: dt.datetime | None = None) -> Safe:
    """One sentence for the member, whatever went wrong; refusals and outages are no surprise, all else is."""
    if isinstance(error, errors.AlreadyClaimedError):
        return _too_soon(w, error.hint or "", now or dt.datetime.now(dt.UTC))
    if type(error) in _REFUSALS:
        return w.say(_REFUSALS[type(error)])
    if is_outage(error):
        return database_down(w)
    return w.say("This did not work. It has been noted.")


def is_outage(error: BaseException) -> bool:
    """Whether the database could not be reached, or broke off."""
    return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))


def is_expected(error: BaseException) -> bool:
    """Whether there is nothing to look into: the member has been told all."""
    return isinstance(error, errors.AlreadyClaimedError) or type(error) in _REFUSALS or is_outage(error)


def database_down(w: Writer) -> Safe:
    return w.say(
        "I cannot look that up at the moment. What you earn meanwhile is kept and counted later. Try again in a minute."
    )


def private_only(w: Writer) -> Safe:
    return w.say("That is between you and me: write to me privately.")


def wrong_arguments(w: Writer, usage: str) -> Safe:
    """How a command is written."""
    return w.say("Write it like this: {usage}", usage=w.code(usage))


def _too_soon(w: Writer, hint: str, now: dt.datetime) -> Safe:
    found = _MOMENT.search(hint)
    if found is None:
        return w.say("It is too soon. Try again later.")
    return w.say(
        "It is too soon. Next time in {time}.",
        time=w.duration(dt.datetime.fromisoformat(found[0]) - now),
    )

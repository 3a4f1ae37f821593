"""Answers about the website: the way in, or why there is none."""

from __future__ import annotations

import datetime as dt

from .. import models
from .writer import Safe, Writer

__all__ = ["link", "no_website", "too_many"]


def link(w: Writer, site_url: str, login_link: models.LoginLink, now: dt.datetime) -> Safe:
    """The way in. For its member alone."""
    url = f"{site_url.rstrip('/')}/login/link/{login_link.token}"
    return w.lines(
        w.say("Log in on the website: {link}", link=w.link(url)),
        w.say(
            "It is valid for {time} and once. It is for nobody else: whoever opens it is logged in as you.",
            time=w.duration(login_link.expires_at - now),
        ),
    )


def no_website(w: Writer) -> Safe:
    return w.say("This community has no website.")


def too_many(w: Writer) -> Safe:
    return w.say("That were many links. Use the last one, or ask again later.")

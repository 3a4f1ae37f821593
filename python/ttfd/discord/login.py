"""The way to the website. Only the member sees it: whoever reads the link can use it."""

from __future__ import annotations

import datetime as dt

from ..bots import login_replies
from ..errors import TooManyLinkCodesError
from .talk import PLATFORM, Talk

__all__ = ["login"]


async def login(talk: Talk, site_url: str) -> None:
    await talk.member()
    try:
        link = await talk.client.create_login_link(PLATFORM, talk.external_id)
    except TooManyLinkCodesError:
        await talk.refuse(login_replies.too_many(talk.writer))
        return
    await talk.answer(login_replies.link(talk.writer, site_url, link, dt.datetime.now(dt.UTC)))

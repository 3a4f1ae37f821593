"""The way to the website. In private only: whoever reads the link can use it."""

from __future__ import annotations

import datetime as dt

from ..bots import login_replies
from ..errors import TooManyLinkCodesError
from .talk import Talk

__all__ = ["login"]


async def login(talk: Talk) -> None:
    w = talk.writer
    if not talk.setup.site_url:
        await talk.answer(login_replies.no_website(w))
        return
    await talk.member()
    try:
        link = await talk.client.create_login_link("telegram", talk.external_id)
    except TooManyLinkCodesError:
        await talk.refuse(login_replies.too_many(w))
        return
    await talk.answer(login_replies.link(w, talk.setup.site_url, link, dt.datetime.now(dt.UTC)))

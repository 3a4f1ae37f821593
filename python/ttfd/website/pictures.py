"""Pictures: XP over time as SVG within the page, and the card that shared links show."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from flask import Blueprint, abort, g, request
from flask.typing import ResponseReturnValue

from ..bots.rank_card import render_rank_card
from ..models import Profile, XpDay
from . import language
from .render import plain
from .site import Site

__all__ = ["Chart", "add_pictures", "draw_chart"]

_WIDTH, _HEIGHT = 640, 180
_TOP, _BOTTOM = 12, 4


@dataclass(frozen=True, slots=True)
class Chart:
    """A line of XP in a box of ``width`` by ``height``: SVG paths, and what it shows in figures."""

    width: int
    height: int
    line: str
    area: str
    last: tuple[float, float]
    lowest: int
    highest: int
    gained: int
    days: Sequence[XpDay]


def draw_chart(days: Sequence[XpDay]) -> Chart | None:
    """The line of a member's XP; None when there is nothing to draw."""
    if len(days) < 2:
        return None
    lowest, highest = min(day.xp for day in days), max(day.xp for day in days)
    span = max(highest - lowest, 1)
    height = _HEIGHT - _TOP - _BOTTOM
    points = [
        (round(_WIDTH * n / (len(days) - 1), 1), round(_TOP + height * (highest - day.xp) / span, 1))
        for n, day in enumerate(days)
    ]
    line = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    return Chart(
        width=_WIDTH,
        height=_HEIGHT,
        line=line,
        area=f"{line}V{_HEIGHT}H0Z",
        last=points[-1],
        lowest=lowest,
        highest=highest,
        gained=sum(day.gained for day in days),
        days=days,
    )


def add_pictures(blueprint: Blueprint, site: Site) -> None:
    """Add the addresses of pictures."""

    @blueprint.get("/members/<int(max=9223372036854775807):user_id>/card-<any(ru, en):code>.png")
    def card(user_id: int, code: str) -> ResponseReturnValue:
        if not site.limits.is_allowed("card", request.remote_addr or ""):
            abort(429)
        g.ttfd_language = code  # of the address, whoever asks
        with site.reading() as client:
            profile = client.get_profile(user_id)
            if profile.is_hidden:
                abort(404)
            place = client.get_position(user_id).position
        picture = _draw_card(_Public.of(profile), place, code)
        response = plain("")
        response.data = picture
        response.mimetype = "image/png"
        response.headers["Cache-Control"] = "public, max-age=300"
        response.set_etag(hashlib.sha256(picture).hexdigest()[:32])
        return response.make_conditional(request)


@dataclass(frozen=True, slots=True)
class _Public:
    """What the card draws, and so what tells two cards apart. Names are those that the page may show."""

    user_id: int
    username: None
    display_name: str
    xp: int
    coins: int
    rank_name: str
    rank_color: str
    rank_xp: int
    next_rank_xp: int | None
    messages_sent: int
    total_voice_time: int
    games_won: int
    daily_streak: int

    @classmethod
    def of(cls, profile: Profile) -> _Public:
        return cls(
            user_id=profile.user_id,
            username=None,
            display_name=language.member_name(profile.user_id, profile.display_name, profile.username),
            xp=profile.xp,
            coins=profile.coins,
            rank_name=profile.rank_name,
            rank_color=profile.rank_color,
            rank_xp=profile.rank_xp,
            next_rank_xp=profile.next_rank_xp,
            messages_sent=profile.messages_sent,
            total_voice_time=profile.total_voice_time,
            games_won=profile.games_won,
            daily_streak=profile.daily_streak,
        )


@lru_cache(maxsize=256)
def _draw_card(profile: _Public, position: int | None, code: str) -> bytes:
    return render_rank_card(profile, position, code)

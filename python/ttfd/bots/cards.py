"""Rank cards for bots: drawn beside the event loop, and only where the drawing is installed."""

from __future__ import annotations

import asyncio

from .. import models

__all__ = ["draw_rank_card"]


async def draw_rank_card(
    profile: models.Profile, position: int | None, language: str, avatar: bytes | None
) -> bytes | None:
    """The card as PNG; None without Pillow and its company, for the bot to say it in words."""
    try:
        from .rank_card import render_rank_card
    except ModuleNotFoundError:
        return None
    return await asyncio.to_thread(render_rank_card, profile, position, language, avatar)

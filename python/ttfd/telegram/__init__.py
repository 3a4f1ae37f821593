"""The Telegram bot, and its pieces for the owner of another one: see docs/bots.md."""

from .bot import mount
from .notices import Herald, announce

__all__ = ["Herald", "announce", "mount"]

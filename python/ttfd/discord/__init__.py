"""A Discord bot, whole (``ttfd discord``) or to be mounted in another one.

The bot keeps no state and no rules: it calls functions of the database and follows the feed.
"""

from .bot import DiscordBot, create_bot, intents, mount

__all__ = ["DiscordBot", "create_bot", "intents", "mount"]

"""One account and one progression for a community on Telegram, Discord and a website."""

"""One account and one progression for a community that lives on Telegram, Discord and a website."""

from .async_client import AsyncClient
from .async_listener import AsyncFeedListener
from .client import Client
from .errors import TtfdError
from .event_id import event_id_for, new_event_id
from .listener import FeedListener

__all__ = [
    "AsyncClient",
    "AsyncFeedListener",
    "Client",
    "FeedListener",
    "TtfdError",
    "event_id_for",
    "new_event_id",
]

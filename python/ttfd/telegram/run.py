"""The whole bot: one poller, what was earned in a file meanwhile, and an end without loss."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from telegram import Update
from telegram.error import InvalidToken, NetworkError, TelegramError
from telegram.ext import AIORateLimiter, Application, ApplicationBuilder, ExtBot
from telegram.request import BaseRequest

from ..async_client import AsyncClient
from ..bots.announcer import Announcer
from ..bots.database import create_pool
from ..bots.lease import Lease
from ..bots.outbox import Outbox
from ..bots.tasks import end_tasks
from .bot import ALLOWED_UPDATES, mount, show_commands
from .notices import Herald, warn_of_privacy_mode

__all__ = ["InvalidToken", "TelegramBot"]

log = logging.getLogger("ttfd.telegram")

_AT_A_TIME = 256
_RETRY_SECONDS = 5.0

App = Application[Any, Any, Any, Any, Any, Any]


class TelegramBot:
    """Polls, answers and counts, until ``stop()``.

    Another process with the same bot stands by until this one ends. While the database is away the bot goes on: it says
    so to whoever asks, and keeps what is earned in a file.

    Parameters:
        token: of the bot, from BotFather.
        url: a direct PostgreSQL address.
        outbox_path: the file for what the database does not have yet.
        channel_id: of the group or channel where announcements are made; None for private ones only.
        language: of what is announced there.
        site_url: the address of the website, for ``/login``; None where there is none.
        new_request: makes what reaches Telegram; for tests and proxies.
    """

    def __init__(
        self,
        token: str,
        url: str,
        outbox_path: Path,
        *,
        channel_id: int | None = None,
        language: str = "ru",
        site_url: str | None = None,
        new_request: Callable[[], BaseRequest] | None = None,
    ) -> None:
        self._token = token
        self._url = url
        self._outbox_path = outbox_path
        self._channel_id = channel_id
        self._language = language
        self._site_url = site_url
        self._new_request = new_request
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Make ``run()`` end, once what has arrived is dealt with."""
        self._stopped.set()

    async def run(self) -> None:
        """Work until ``stop()``. Raises InvalidToken when Telegram does not know the token."""
        lease = Lease(self._url, f"telegram {self._token.partition(':')[0]}")
        while not self._stopped.is_set():
            try:
                await self._either(lease.acquire())
                if not self._stopped.is_set():
                    await self._serve(lease)
            finally:
                await lease.release()

    async def _serve(self, lease: Lease) -> None:
        application = build_application(self._token, self._new_request)
        if not await self._initialize(application):
            return
        async with (
            create_pool(self._url, "ttfd telegram") as pool,
            Outbox(self._outbox_path, AsyncClient(pool)) as outbox,
        ):
            mount(application, AsyncClient(pool), outbox, site_url=self._site_url, channel_id=self._channel_id)
            warn_of_privacy_mode(application.bot)
            with suppress(TelegramError):
                await self._either(show_commands(application.bot, site_url=self._site_url))
            await application.start()
            assert application.updater is not None
            polling = application.updater.start_polling(allowed_updates=ALLOWED_UPDATES, bootstrap_retries=-1)
            log.info("polling as @%s", application.bot.username)
            await self._either(polling)  # while Telegram is away, it begins by trying for ever
            announcing = asyncio.create_task(self._announce(application, AsyncClient(pool)))
            await self._either(lease.lost.wait())
            await end_tasks(announcing)
            await application.updater.stop()
            await application.stop()
        await application.shutdown()

    async def _announce(self, application: App, client: AsyncClient) -> None:
        """Without it, the rest of the bot goes on."""
        herald = Herald(application.bot, self._channel_id, self._language)
        try:
            await Announcer(self._url, client, "telegram", herald.deliver).run()
        except Exception:
            log.exception("announcements have ended")

    async def _initialize(self, application: App) -> bool:
        """Learn from Telegram who the bot is; False when it is to stop before that."""
        was_told = False
        while not self._stopped.is_set():
            try:
                await application.initialize()
                return True
            except InvalidToken:
                raise
            except NetworkError as error:
                if not was_told:
                    log.warning("Telegram cannot be reached: %s. Trying again until it can.", type(error).__name__)
                was_told = True
                await self._either(asyncio.sleep(_RETRY_SECONDS))
        return False

    async def _either(self, work: Any) -> None:
        """Wait for something, or for ``stop()``."""
        tasks = [asyncio.ensure_future(work), asyncio.create_task(self._stopped.wait())]
        done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await end_tasks(*pending)
        for task in done:
            task.result()


class _SteadyBot(ExtBot[Any]):
    """Goes on polling although its token, which was good at the start, is denied: the library would fall silent."""

    async def get_updates(self, *args: Any, **options: Any) -> tuple[Update, ...]:
        try:
            return await super().get_updates(*args, **options)
        except InvalidToken as error:
            raise NetworkError(f"Telegram does not know the token any more: {error.message}") from error


def build_application(token: str, new_request: Callable[[], BaseRequest] | None = None) -> App:
    """An application that keeps to Telegram's limits; its handlers come by ``mount``."""
    requests: dict[str, Any] = (
        {} if new_request is None else {"request": new_request(), "get_updates_request": new_request()}
    )
    bot = _SteadyBot(token, rate_limiter=AIORateLimiter(max_retries=2), **requests)
    application = ApplicationBuilder().bot(bot).concurrent_updates(_AT_A_TIME).build()
    application.add_error_handler(_log_error)
    return application


async def _log_error(update: object, context: Any) -> None:
    number = update.update_id if isinstance(update, Update) else None
    said = context.error.message if isinstance(context.error, TelegramError) else ""  # what others say may quote data
    log.error("update %s: %s %s", number, type(context.error).__name__, said)

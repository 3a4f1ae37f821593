"""A wait ends with its event, with its time, or with whoever waited."""

import asyncio

import pytest

from ttfd.bots.waiting import wait_until_set


@pytest.mark.parametrize("turns", range(5))
def test_a_cancellation_at_the_moment_of_the_event_is_not_lost(turns: int) -> None:
    async def wait_for_ever(event: asyncio.Event) -> None:
        while True:
            event.clear()
            await wait_until_set(event, 60)

    async def cancel() -> None:
        event = asyncio.Event()
        waiting = asyncio.create_task(wait_for_ever(event))
        for _ in range(3):
            await asyncio.sleep(0)
        event.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting], timeout=2)
        assert waiting.cancelled()

    asyncio.run(cancel())


def test_the_time_ends_a_wait() -> None:
    async def wait() -> None:
        await wait_until_set(asyncio.Event(), 0.01)
        await wait_until_set(asyncio.Event(), -1)

    asyncio.run(wait())

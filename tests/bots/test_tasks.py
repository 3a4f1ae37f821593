"""The end of tasks: none is left, even if one did not notice that it was cancelled."""

import asyncio

import pytest

from ttfd.bots import tasks
from ttfd.bots.tasks import end_tasks


def test_a_task_that_misses_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_AGAIN_SECONDS", 0.02)
    missed: list[int] = []

    async def hard_of_hearing() -> None:
        while len(missed) < 3:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                missed.append(1)

    async def failing() -> None:
        raise ValueError("nobody asks")

    async def run() -> None:
        running = [asyncio.create_task(hard_of_hearing()), asyncio.create_task(failing())]
        await asyncio.sleep(0)
        async with asyncio.timeout(20):
            await end_tasks(*running)
        assert all(task.done() for task in running)

    asyncio.run(run())
    assert len(missed) == 3

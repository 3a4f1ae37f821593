"""Something made in a thread of its own, a little ahead of who uses it."""

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

__all__ = ["ahead"]

_T = TypeVar("_T")


def ahead(items: Iterable[_T], most: int) -> Generator[_T, None, None]:
    """Yield `items`, which a thread makes, up to `most` ahead; an error there is raised here.

    Close the iterator to stop the thread.
    """
    ready: queue.Queue[tuple[_T] | BaseException | None] = queue.Queue(most)
    is_closed = threading.Event()

    def work() -> None:
        try:
            for item in items:
                ready.put((item,))
                if is_closed.is_set():
                    return
        except BaseException as error:
            ready.put(error)
        else:
            ready.put(None)

    thread = threading.Thread(target=work, name="ttfd-import-reader", daemon=True)
    thread.start()
    try:
        while (found := ready.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found[0]
    finally:
        is_closed.set()
        while thread.is_alive():
            try:
                ready.get(timeout=0.05)
            except queue.Empty:
                continue

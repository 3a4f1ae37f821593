"""Something made in a thread of its own, a little ahead of who uses it."""

import queue
import sys
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

__all__ = ["ahead"]

_T = TypeVar("_T")

# Who uses the items waits for the network again and again, and each time for the thread to let go of the interpreter:
# at Python's 5 ms that would be a sixth of an import.
_SECONDS_A_TURN = 0.0005


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

    usual_turn = sys.getswitchinterval()
    sys.setswitchinterval(_SECONDS_A_TURN)
    thread = threading.Thread(target=work, name="ttfd-import-reader", daemon=True)
    thread.start()
    try:
        while (found := ready.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            yield found[0]
    finally:
        sys.setswitchinterval(usual_turn)
        is_closed.set()
        while thread.is_alive():
            try:
                ready.get(timeout=0.05)
            except queue.Empty:
                continue

"""A worker and, on demand, a listener in a process of their own, as they would be in earnest."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ttfd import FeedListener
from ttfd.worker import Worker


@contextlib.contextmanager
def attached(url: str, *, listener: bool) -> Iterator[None]:
    arguments = [sys.executable, "-m", "bench.companion", url, *(["--listener"] if listener else [])]
    root = Path(__file__).resolve().parent.parent
    with subprocess.Popen(arguments, cwd=root, stdout=subprocess.PIPE, env={**os.environ}) as process:
        try:
            if process.stdout is None or not process.stdout.readline():
                raise RuntimeError("the worker did not start")
            time.sleep(0.3)
            yield
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--listener", action="store_true")
    options = parser.parse_args()
    if options.listener:
        threading.Thread(target=_listen, args=[options.url], daemon=True).start()
    print("ready", flush=True)
    Worker(options.url).run()


def _listen(url: str) -> None:
    for _ in FeedListener(url).batches():
        pass


if __name__ == "__main__":
    main()

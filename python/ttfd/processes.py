"""Programs beside this one: out of reach of its Ctrl-C, and asked to end in good order. On Windows, too."""

import signal
import subprocess
import sys
from typing import Any

__all__ = ["ask_to_end", "end_signals", "out_of_reach"]


def out_of_reach() -> dict[str, Any]:
    """Arguments of `subprocess` for a program that the Ctrl-C of this one does not reach."""
    if sys.platform == "win32":  # where start_new_session is ignored
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def ask_to_end(program: subprocess.Popen[bytes]) -> None:
    """Ask a program that was started `out_of_reach` to end; it hears one of its `end_signals`."""
    if sys.platform == "win32":  # where SIGTERM ends it at once, and its group does not hear Ctrl-C
        program.send_signal(signal.CTRL_BREAK_EVENT)
    else:
        program.terminate()


def end_signals() -> list[int]:
    """What asks a program to end: Ctrl-C, a service manager, and on Windows Ctrl-Break."""
    if sys.platform == "win32":
        return [signal.SIGINT, signal.SIGTERM, signal.SIGBREAK]
    return [signal.SIGINT, signal.SIGTERM]

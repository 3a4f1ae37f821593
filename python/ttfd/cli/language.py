"""In which language a command speaks to whoever typed it."""

from __future__ import annotations

import ctypes
import locale
import os
import sys

__all__ = ["LANGUAGES", "system_language"]

LANGUAGES = ("en", "ru")


def system_language() -> str:
    """Return what the environment names, else the language that Windows shows itself in, else English."""
    names = (os.environ.get(name) for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
    named = next((name for name in names if name), None) or _windows_locale() or "en"
    return named[:2]


def _windows_locale() -> str | None:
    """Windows sets none of these variables: it is asked for the language of its menus."""
    if sys.platform != "win32":
        return None
    return locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage())

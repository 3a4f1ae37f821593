"""Names that people give themselves, made fit to be drawn: letters that the font has, in the order of the eye."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

from arabic_reshaper import ArabicReshaper  # type: ignore[import-untyped]
from bidi import get_display  # type: ignore[import-untyped]

__all__ = ["clean", "initials", "visual"]

# The ligatures are off: the font lacks some of them.
_RESHAPER = ArabicReshaper({"support_ligatures": False, "delete_harakat": True})


def clean(name: str | None, has_glyph: Callable[[str], bool]) -> str:
    """A name without what cannot be drawn (emoji, scripts that the font lacks, piles of accents); perhaps nothing.

    Fancy letters become plain ones. What is left of a name has to have a letter or a digit.
    """
    folded = unicodedata.normalize("NFKC", name or "")
    kept = " ".join("".join(_drawable(folded, has_glyph)).split())
    return kept if any(character.isalnum() for character in kept) else ""


def _drawable(text: str, has_glyph: Callable[[str], bool]) -> Iterator[str]:
    for character in text:
        kind = unicodedata.category(character)[0]
        if character.isspace():
            yield " "
        elif kind not in "CM" and has_glyph(character):  # accents that are letters of their own came out of NFKC
            yield character


def initials(name: str) -> str:
    """The first letters of the first two words."""
    words = [[character for character in word if character.isalnum()] for word in name.split()]
    return "".join(word[0] for word in words if word)[:2].upper()


def visual(text: str) -> str:
    """Text from left to right as the eye meets it: Arabic letters joined, right-to-left runs turned round."""
    return str(get_display(_RESHAPER.reshape(text)))

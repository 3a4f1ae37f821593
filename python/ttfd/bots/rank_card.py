"""The picture of a member: who, which rank, how far to the next. For chats, and for links to the website.

Needs Pillow, Babel, python-bidi and arabic-reshaper: the extras ``discord``, ``telegram`` and ``website`` bring them.
Where they are missing, importing this module raises ModuleNotFoundError, and the profile is told in words.
"""

from __future__ import annotations

import colorsys
import io
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from PIL import Image, ImageDraw, ImageFont, ImageOps

from . import words
from .card_text import clean, initials, visual
from .writer import Writer, choose_language

__all__ = ["CARD_SIZE", "CardProfile", "render_rank_card"]

CARD_SIZE = (1200, 630)
"""Pixels: what Open Graph asks for, and chats show well."""

BACKGROUND = (17, 19, 26)
_PANEL = (27, 30, 41)
_TRACK = (52, 57, 74)
_WHITE = (245, 246, 250)
_MUTED = (170, 176, 192)
READABLE = 4.5
"""Least contrast of text, WCAG 2.2 level AA."""

_MARGIN = 56
_AVATAR_SIZE = 200
_LARGEST_AVATAR = 16_000_000  # pixels; more is an attack
_MOST = 9_999_999_999  # a greater figure has no room
_FONTS = Path(__file__).parent / "fonts"

Color = tuple[int, int, int]


class CardProfile(Protocol):
    """What the card shows; ``ttfd.models.Profile`` has it."""

    @property
    def user_id(self) -> int: ...
    @property
    def username(self) -> str | None: ...
    @property
    def display_name(self) -> str | None: ...
    @property
    def xp(self) -> int: ...
    @property
    def coins(self) -> int: ...
    @property
    def rank_name(self) -> str: ...
    @property
    def rank_color(self) -> str: ...
    @property
    def rank_xp(self) -> int: ...
    @property
    def next_rank_xp(self) -> int | None: ...
    @property
    def messages_sent(self) -> int: ...
    @property
    def total_voice_time(self) -> int: ...
    @property
    def games_won(self) -> int: ...
    @property
    def daily_streak(self) -> int: ...


def render_rank_card(profile: CardProfile, position: int | None, language: str, avatar: bytes | None = None) -> bytes:
    """Draw the card of a member, as PNG. Takes some tens of milliseconds of CPU: call it in a thread.

    Parameters:
        profile: the member.
        position: the place on the leaderboard; None when hidden.
        language: ``ru`` or anything else for English.
        avatar: a picture of any format; initials are drawn without one, or when it cannot be read.
    """
    w = Writer(choose_language(None, language))
    name = w.name(profile.user_id, clean(profile.display_name, has_glyph), clean(profile.username, has_glyph))
    color = parse_color(profile.rank_color)
    accent = readable_on(color, BACKGROUND)

    card = Image.new("RGB", CARD_SIZE, BACKGROUND)
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, 14, CARD_SIZE[1]), fill=accent)
    _draw_avatar(card, avatar, initials(name), color, accent)
    right = CARD_SIZE[0] - _MARGIN
    left = _MARGIN + _AVATAR_SIZE + 44
    if position is not None:
        place = f"#{w.number(position)}"
        draw.text((right, 98), place, _WHITE, _font(56, bold=True), anchor="rm")
        name_right = right - _width(place, _font(56, bold=True)) - 36
    else:
        name_right = right
    _draw_name(draw, (left, 98), name, name_right - left)
    _draw_pill(draw, (left, 162), words.rank_title(w, profile.rank_name), color, accent)
    _draw_progress(draw, profile, w, accent)
    _draw_figures(draw, profile, w)
    out = io.BytesIO()
    card.save(out, "PNG")
    return out.getvalue()


def _draw_avatar(card: Image.Image, avatar: bytes | None, letters: str, color: Color, accent: Color) -> None:
    place = (_MARGIN, 52)
    size = (_AVATAR_SIZE, _AVATAR_SIZE)
    picture = _read_picture(avatar)
    if picture is None:
        picture = Image.new("RGB", size, color)
        font = _font(80, bold=True)
        ImageDraw.Draw(picture).text(
            (_AVATAR_SIZE / 2, _AVATAR_SIZE / 2), visual(letters), text_on(color), font, anchor="mm"
        )
    card.paste(accent, place, _disc(_AVATAR_SIZE))
    inner = _AVATAR_SIZE - 12
    card.paste(ImageOps.fit(picture, (inner, inner)), (place[0] + 6, place[1] + 6), _disc(inner))


def _read_picture(data: bytes | None) -> Image.Image | None:
    """The first frame; None for what is no picture, or a dangerous one."""
    if not data:
        return None
    try:
        picture = Image.open(io.BytesIO(data))
        if picture.width * picture.height > _LARGEST_AVATAR:
            return None
        with_alpha = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
    flat = Image.new("RGBA", with_alpha.size, (*_PANEL, 255))
    return Image.alpha_composite(flat, with_alpha).convert("RGB")


def _draw_pill(draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, color: Color, accent: Color) -> None:
    font = _font(36, bold=True)
    x, y = place
    draw.rounded_rectangle((x, y, x + _width(text, font) + 56, y + 68), 34, fill=color, outline=accent, width=3)
    draw.text((x + 28, y + 35), text, text_on(color), font, anchor="lm")


def _draw_progress(draw: ImageDraw.ImageDraw, profile: CardProfile, w: Writer, accent: Color) -> None:
    left, right, top = _MARGIN, CARD_SIZE[0] - _MARGIN, 356
    has = w.say("{xp} XP", xp=_figure(w, profile.xp))
    draw.text((left, top - 18), has, _WHITE, _font(40, bold=True), anchor="ls")
    if profile.next_rank_xp is None:
        ahead = w.say("The top rank!")
        share = 1.0
    else:
        left_xp = max(profile.next_rank_xp - profile.xp, 0)
        ahead = w.say("{left} XP to the next rank", left=_figure(w, left_xp))
        share = (profile.xp - profile.rank_xp) / max(profile.next_rank_xp - profile.rank_xp, 1)
    room = right - left - _width(has, _font(40, bold=True)) - 36
    draw.text((right, top - 18), ahead, _MUTED, _fitting(ahead, room, 30, 22, bold=False), anchor="rs")
    draw.rounded_rectangle((left, top, right - 1, top + 40), 20, fill=_TRACK)
    filled = round((right - left) * min(max(share, 0.0), 1.0))
    if filled > 0:
        # A short bar keeps its round ends: it is never narrower than it is high.
        end = left + max(filled, 41) - 1
        draw.rounded_rectangle((left, top, end, top + 40), 20, fill=readable_on(accent, _TRACK, 3))


def _draw_figures(draw: ImageDraw.ImageDraw, profile: CardProfile, w: Writer) -> None:
    figures = (
        (w.say("Coins"), profile.coins),
        (w.say("Messages"), profile.messages_sent),
        (w.say("Voice, h"), profile.total_voice_time // 3600),
        (w.say("Wins"), profile.games_won),
        (w.say("Streak, days"), profile.daily_streak),
    )
    gap = 20
    width = (CARD_SIZE[0] - 2 * _MARGIN - gap * (len(figures) - 1)) // len(figures)
    for index, (label, value) in enumerate(figures):
        x = _MARGIN + index * (width + gap)
        draw.rounded_rectangle((x, 444, x + width, 578), 18, fill=_PANEL)
        text = _figure(w, value)
        draw.text((x + width / 2, 494), text, _WHITE, _fitting(text, width - 24, 42, 18), anchor="mm")
        draw.text((x + width / 2, 546), label, _MUTED, _font(25), anchor="mm")


def _figure(w: Writer, value: int) -> str:
    return w.number(min(value, _MOST)) + ("+" if value > _MOST else "")


def _draw_name(draw: ImageDraw.ImageDraw, place: tuple[int, int], name: str, width: int) -> None:
    """One line no wider than this; what is too much ends in an ellipsis, cut in the order of reading."""
    font = _fitting(name, width)
    shown = visual(name)
    while name and _width(shown, font) > width:
        name = name[:-1].rstrip()
        shown = visual(name + "…")
    draw.text(place, shown, _WHITE, font, anchor="lm")


def _fitting(text: str, width: int, largest: int = 64, smallest: int = 44, bold: bool = True) -> ImageFont.FreeTypeFont:
    """The largest font in which the text has room, or the smallest."""
    for size in range(largest, smallest, -4):
        if _width(visual(text), _font(size, bold)) <= width:
            return _font(size, bold)
    return _font(smallest, bold)


def _width(text: str, font: ImageFont.FreeTypeFont) -> int:
    return round(font.getlength(text))


@lru_cache(maxsize=64)
def _font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    # The basic layout, because Raqm is not in every build: card_text does what it would do.
    path = _FONTS / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=8192)
def has_glyph(character: str) -> bool:
    """Whether the font can draw a character: it draws all that it lacks alike, as a box."""
    font = _font(32, bold=True)
    drawn, missing = font.getmask(character), font.getmask("\U0010ffff")
    return drawn.size != missing.size or bytes(drawn) != bytes(missing)


@lru_cache(maxsize=4)
def _disc(size: int) -> Image.Image:
    large = Image.new("L", (size * 4, size * 4))
    ImageDraw.Draw(large).ellipse((0, 0, size * 4 - 1, size * 4 - 1), fill=255)
    return large.resize((size, size), Image.Resampling.LANCZOS)


def parse_color(text: str) -> Color:
    """``#rrggbb`` as three numbers."""
    return (int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16))


def contrast(one: Color, other: Color) -> float:
    """The contrast of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def readable_on(color: Color, background: Color, least: float = READABLE) -> Color:
    """The colour, made as much lighter as it takes to be seen on a dark background. Its hue stays."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*(c / 255 for c in color))
    while contrast(color, background) < least and lightness < 1:
        lightness = min(lightness + 0.01, 1.0)
        red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
        color = (round(red * 255), round(green * 255), round(blue * 255))
    return color


def text_on(color: Color) -> Color:
    """White or black, whichever is read better on a colour: one of the two always has a contrast above 4.5."""
    return max(((255, 255, 255), (0, 0, 0)), key=lambda text: contrast(text, color))

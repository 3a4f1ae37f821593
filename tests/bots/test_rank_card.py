"""Rank cards: what can be read on them, and what must not be on them."""

import io
import string
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from calls import Connection, rows
from shared_database import db, shared_database
from ttfd.bots import rank_card
from ttfd.bots.card_text import clean, initials, visual
from ttfd.bots.rank_card import BACKGROUND, CARD_SIZE, READABLE, contrast, has_glyph, readable_on, render_rank_card

__all__ = ["db", "shared_database"]


@dataclass(frozen=True)
class Member:
    user_id: int = 12
    username: str | None = "alex"
    display_name: str | None = "Алексей"
    xp: int = 12340
    coins: int = 5120
    rank_name: str = "D III"
    rank_color: str = "#424949"
    rank_xp: int = 11000
    next_rank_xp: int | None = 13500
    messages_sent: int = 4321
    total_voice_time: int = 123456
    games_won: int = 42
    daily_streak: int = 7


def draw(member: Member, position: int | None = 3, language: str = "ru", avatar: bytes | None = None) -> Image.Image:
    return Image.open(io.BytesIO(render_rank_card(member, position, language, avatar)))


def picture(size: tuple[int, int] = (64, 64), kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (30, 144, 255)).save(out, kind)
    return out.getvalue()


def colors(image: Image.Image) -> set[rank_card.Color]:
    return {color for _, color in image.getcolors(maxcolors=1_000_000)}  # type: ignore[union-attr, misc]


def test_every_rank_is_readable(db: Connection) -> None:
    for rank in rows(db, "SELECT name, color FROM ttfd.ranks ORDER BY id"):
        color = rank_card.parse_color(rank.color)
        accent = readable_on(color, BACKGROUND)
        bar = readable_on(accent, rank_card._TRACK, 3)
        assert contrast(rank_card.text_on(color), color) >= READABLE, rank.name
        assert contrast(accent, BACKGROUND) >= READABLE, rank.name
        assert contrast(bar, rank_card._TRACK) >= 3, rank.name
        drawn = colors(draw(Member(rank_name=rank.name, rank_color=rank.color)))
        assert {color, accent, bar, rank_card.text_on(color)} <= drawn, rank.name


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_any_rank_colour_that_an_administrator_may_choose_is_readable(color: rank_card.Color) -> None:
    assert contrast(rank_card.text_on(color), color) >= READABLE
    assert contrast(readable_on(color, BACKGROUND), BACKGROUND) >= READABLE


def test_the_plain_texts_are_readable_on_what_they_stand_on() -> None:
    for text in (rank_card._WHITE, rank_card._MUTED):
        for background in (BACKGROUND, rank_card._PANEL):
            assert contrast(text, background) >= READABLE


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == 21
    assert round(contrast((119, 119, 119), (255, 255, 255)), 2) == 4.48


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("avatar", [None, picture(), picture((300, 20), "JPEG")], ids=["none", "png", "jpeg"])
def test_a_card_is_a_png_of_one_size(language: str, avatar: bytes | None) -> None:
    card = draw(Member(), language=language, avatar=avatar)
    assert (card.format, card.size) == ("PNG", CARD_SIZE)


def test_the_font_has_all_letters_of_both_languages() -> None:
    alphabet = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
    texts = alphabet + alphabet.upper() + string.ascii_letters + string.digits + "…#,+!\N{NO-BREAK SPACE}"
    assert [letter for letter in texts if not (letter.isspace() or has_glyph(letter))] == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Иван 🎮 Петров", "Иван Петров"),
        ("👍🏽 Анна 👨‍👩‍👧", "Анна"),
        ("𝓖𝓪𝓶𝓮𝓻", "Gamer"),
        ("Z̸̢̛͍̺a̷l̶g̴o͓", "Zalgo"),
        ("И\u0306огурт", "Йогурт"),
        ("a\u202eb\u200bc\x00d\ne", "abcd e"),
        ("中文", ""),
        ("🎮🎮", ""),
        ("★★★", ""),
        ("   ", ""),
        (None, ""),
    ],
)
def test_what_cannot_be_drawn_is_left_out_of_a_name(name: str | None, shown: str) -> None:
    assert clean(name, has_glyph) == shown


@given(st.text(max_size=40))
def test_no_name_is_drawn_with_a_box(name: str) -> None:
    assert all(has_glyph(letter) for letter in clean(name, has_glyph))


def test_arabic_and_hebrew_are_shown_in_the_order_of_the_eye() -> None:
    assert visual("שלום abc") == "abc םולש"
    joined = visual("محمد")
    assert joined != "دمحم"  # joined letters have other code points than letters that stand alone
    assert [letter for letter in joined if not has_glyph(letter)] == []


def test_a_long_name_ends_before_the_place() -> None:
    long, short = draw(Member(display_name="Щ" * 80)), draw(Member(display_name="Щ"))
    gap = (CARD_SIZE[0] - 56 - 120, 60, CARD_SIZE[0] - 56 - 100, 140)  # left of "#3"
    assert colors(long.crop(gap)) == {BACKGROUND}
    assert long.tobytes() != short.tobytes()
    plain = draw(Member(display_name="Щ" * 80), None)
    assert colors(plain.crop((CARD_SIZE[0] - 56, 0, CARD_SIZE[0], 300))) == {BACKGROUND}, (
        "it stays inside without a place"
    )


@pytest.mark.parametrize("name", ["alex@example.com", "", None, "中文"])
def test_an_address_or_an_empty_name_gives_way_to_the_next(name: str | None) -> None:
    assert draw(Member(display_name=name)).tobytes() == draw(Member(display_name="alex")).tobytes()
    nobody = draw(Member(display_name=name, username=name)).tobytes()
    assert nobody == draw(Member(display_name="Участник 12")).tobytes()


@pytest.mark.parametrize(
    "avatar", [b"", b"junk", picture()[:60], picture((4100, 4100))], ids=["empty", "junk", "cut off", "huge"]
)
def test_an_avatar_that_cannot_be_used_gives_way_to_initials(avatar: bytes) -> None:
    assert draw(Member(), avatar=avatar).tobytes() == draw(Member()).tobytes()


@pytest.mark.parametrize(
    ("name", "letters"), [("Анна Мария Ли", "АМ"), ("alex", "A"), ("(the) 2nd", "T2"), ("★ Bob", "B")]
)
def test_initials_are_those_of_the_first_two_words(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_the_bar_fills_with_xp_and_never_overflows() -> None:
    def filled(xp: int, next_rank_xp: int | None = 13500) -> int:
        row = draw(Member(xp=xp, next_rank_xp=next_rank_xp)).crop((56, 376, CARD_SIZE[0] - 56, 377))
        accent = readable_on(rank_card.parse_color("#424949"), BACKGROUND)
        bar = readable_on(accent, rank_card._TRACK, 3)
        return sum(1 for x in range(row.width) if row.getpixel((x, 0)) == bar)

    widths = [filled(xp) for xp in (11000, 11600, 12250, 13499, 20000)]
    assert widths == sorted(widths)
    assert widths[0] == 0
    assert abs(widths[2] - (CARD_SIZE[0] - 112) / 2) <= 2
    assert filled(10**15, None) == CARD_SIZE[0] - 112


def test_xp_beyond_all_measure_leaves_room_for_what_is_missing() -> None:
    card = draw(replace(Member(), xp=10**15, rank_xp=0, next_rank_xp=10**16))
    line = card.crop((56, 300, CARD_SIZE[0] - 56, 350))
    empty = [x for x in range(line.width) if colors(line.crop((x, 0, x + 1, 50))) == {BACKGROUND}]
    assert max(len(run) for run in runs(empty)) >= 24


def runs(numbers: list[int]) -> list[list[int]]:
    """What follows one another."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def test_figures_beyond_all_measure_stay_in_their_places() -> None:
    most = replace(Member(), coins=2**63 - 1, messages_sent=2**63 - 1, xp=2**63 - 1, next_rank_xp=None)
    card = draw(most)
    between = card.crop((56 + 202, 444, 56 + 218, 578))
    assert colors(between) == {BACKGROUND}

"""Which name of a member is shown: the same everywhere."""

import pytest
from flask import Flask

from ttfd.bots.writer import Writer
from ttfd.website import create_app
from ttfd.website.language import member_name, platform_name


@pytest.fixture
def app(database_url: str) -> Flask:
    return create_app(database_url)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("anna", "anna"),
        ("anna@example.org", "Member 7"),
        (" anna@example.org\u202c", "Member 7"),
        ("\u202eanna\u2067", "anna"),
        ("\u202e \u2066", "Member 7"),
        ("Anna\n  Maria", "Anna Maria"),
        ("שלום", "שלום"),
        (None, "Member 7"),
    ],
)
def test_the_website_and_the_bots_show_the_same_name(app: Flask, name: str | None, shown: str) -> None:
    with app.test_request_context("/?lang=en"):
        assert (member_name(7, name), Writer("en").name(7, name)) == (shown, shown)
        assert member_name(7, name, "second") == Writer("en").name(7, name, "second")


def test_a_platform_that_is_not_known_yet_is_shown_by_its_own_name(app: Flask) -> None:
    with app.test_request_context("/?lang=ru"):
        assert [platform_name(name) for name in ("discord", "website", "matrix")] == ["Discord", "Сайт", "Matrix"]

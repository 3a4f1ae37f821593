"""``ttfd migrate --to``: back to an older release, after a question, and never further than was said."""

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from ttfd.cli.app import app
from ttfd.migrate import migrate, pending

IDS = ["0001.first", "0002.second", "0003.third"]


@pytest.fixture(autouse=True)
def url(empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with three migrations, which are those of the package."""
    for name in IDS:
        (tmp_path / f"{name}.sql").write_text(f'CREATE TABLE public."{name}" ();')
        (tmp_path / f"{name}.rollback.sql").write_text(f'DROP TABLE public."{name}";')
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    monkeypatch.setattr("ttfd.migrate.migrations_folder", lambda: tmp_path)
    migrate(empty_database_url)
    return empty_database_url


def run(*arguments: str, answer: str = "") -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["migrate", *arguments], input=answer)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_nothing_is_rolled_back_without_a_yes(url: str, answer: str) -> None:
    code, out, err = run("--to", IDS[0], answer=answer)
    assert (code, out) == (1, "")
    assert "0003.third, 0002.second" in err
    assert "with what is in them" in err
    assert pending(url) == []


def test_the_migration_named_becomes_the_newest(url: str) -> None:
    code, out, _ = run("--to", IDS[0], answer="y\n")
    assert (code, out) == (0, "rolled back 0003.third\nrolled back 0002.second\n2 rolled back.\n")
    assert pending(url) == IDS[1:]


def test_yes_is_not_asked_and_json_is_json(url: str) -> None:
    code, out, err = run("--to", IDS[1], "--yes", "--json")
    assert (code, json.loads(out), err) == (0, {"rolled_back": [IDS[2]]}, "")
    assert pending(url) == IDS[2:]


def test_what_is_the_newest_already_needs_no_question() -> None:
    assert run("--to", IDS[2]) == (0, "Nothing to roll back: 0003.third is the newest.\n", "")


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_does_not_mean_everything(url: str, name: str) -> None:
    code, out, err = run("--to", name, "--yes")
    assert (code, out) == (2, "")
    assert "name of a migration" in err
    assert pending(url) == []


def test_an_unknown_name_is_told_what_there_is(url: str) -> None:
    code, _, err = run("--to", "0009.nonsense", "--yes")
    assert (code, err.count("\n")) == (3, 1)
    assert "0009.nonsense is not applied" in err
    assert all(name in err for name in IDS)
    assert pending(url) == []


@pytest.mark.parametrize("arguments", [["--to", IDS[0], "--drift"], ["--yes"]])
def test_options_that_do_not_belong_together_are_refused(url: str, arguments: list[str]) -> None:
    assert run(*arguments)[0] == 2
    assert pending(url) == []


def test_an_older_package_says_which_one_to_use(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE _yoyo_migration SET migration_hash = 'x', migration_id = '0004.newer'"
            " WHERE migration_id = '0003.third'"
        )
    code, _, err = run("--to", IDS[0], "--yes")
    assert (code, err.count("\n")) == (3, 1)
    assert "0004.newer" in err

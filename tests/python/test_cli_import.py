"""`ttfd import`: a report to act on in Russian and English, and one clear line for whatever people get wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from click.testing import CliRunner
from rich.console import Console
from rich.progress import Task, TaskID

import ttfd
from ttfd.cli.app import app
from ttfd.cli.import_ import _Report, _Rows
from ttfd.cli.import_texts import Texts
from ttfd.demo.sample import Sample, write_sample

Run = Callable[..., tuple[int, str, str]]

PACKAGE = Path(ttfd.__file__).parent
CATALOGUE = PACKAGE / "locale" / "ru" / "LC_MESSAGES"
TRANSLATED = [*sorted((PACKAGE / "legacy").glob("*.py")), *sorted((PACKAGE / "cli").glob("import_*.py"))]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["import", *arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    return write_sample(tmp_path)


@pytest.fixture
def users(tmp_path: Path) -> str:
    path = tmp_path / "users.json"
    path.write_text(json.dumps({"users": {"77": {"telegram_id": "77", "username": "Ann", "xp": 1234}}}))
    return str(path)


def count(db: psycopg.Connection[Any], table: str) -> int:
    (number,) = db.execute(f"SELECT count(*) FROM ttfd.{table}").fetchone() or (0,)
    return int(number)


# Failures


@pytest.mark.parametrize(
    ("argument", "code", "complaint", "advice"),
    [
        ("telegramjson=users.json", 2, "There is no preset 'telegramjson'", "Did you mean telegram-json?"),
        ("users.json", 2, "not given as PRESET=LOCATION", "ttfd import --help"),
        ("telegram-json=", 2, "not given as PRESET=LOCATION", "ttfd import --help"),
        ("postgres://bot:hunter2@db/x?sslmode=require", 2, "There is no preset '…'", "Presets: discord-json"),
        ("telegram-json={folder}/gone.json", 2, "There is no file {folder}/gone.json", "Check the path"),
        ("telegram-json={folder}", 2, "cannot be read", "Give a regular file"),
        ("telegram-json={folder}/bad.json", 2, "bad.json is not valid JSON: line 2, column 9", "Mend that place"),
        ("telegram-json={folder}/cp1251.json", 2, "cp1251.json is not UTF-8", "Save it as UTF-8"),
        ("telegram-json={folder}/list.json", 2, "has no object users", "Check the preset"),
        ("discord-json={folder}/users.json", 2, "users.json has telegram_id", "Check the preset"),
        ("telegram-postgres=users.json", 2, "is not a PostgreSQL address", "env:NAME"),
        ("telegram-postgres=postgres://bot:hun/ter2@db/x", 2, "is not a PostgreSQL address", "%2F"),
        ("telegram-postgres=env:NOT_SET", 2, "NOT_SET is not set", "Set it to the address"),
        ("telegram-postgres=postgres://bot:hunter2@127.0.0.1:1/x", 3, "No connection to 127.0.0.1/x", "port"),
        ("telegram-postgres={server}&password=hunter2", 3, "password authentication failed", "password"),
        ("telegram-postgres={server}", 3, "has no table users", "Tables found"),
    ],
)
def test_a_mistake_is_one_line_with_advice_and_no_password(
    run: Run, database_url: str, tmp_path: Path, users: str, argument: str, code: int, complaint: str, advice: str
) -> None:
    (tmp_path / "bad.json").write_text('{"users":\n {"77": }}')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "cp1251.json").write_bytes('{"users": "Анна"}'.encode("cp1251"))
    fill = {"folder": tmp_path, "server": database_url}
    exit_code, out, err = run(argument.format(**fill))
    assert (exit_code, out) == (code, "")
    assert err.startswith("ttfd: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert complaint.format(**fill) in err
    assert advice in err.partition("Next: ")[2]
    assert not any(secret in err for secret in ("hunter2", "hun/", "ter2"))


def test_mistakes_are_told_in_russian_too(run: Run) -> None:
    code, _, err = run("telegram-json=gone.json", "--language", "ru")
    assert (code, err) == (
        2,
        "ttfd: Файла gone.json нет. Next: Проверьте путь: он считается от текущей папки.\n",
    )


def test_a_mistake_in_any_source_imports_none_of_them(run: Run, db: psycopg.Connection[Any], users: str) -> None:
    code, _, _ = run(f"telegram-json={users}", "discord-json=gone.json")
    assert code == 2
    assert count(db, "import_runs") == count(db, "unified_users") == 0


def test_two_sources_of_the_same_rows_are_refused(
    run: Run, db: psycopg.Connection[Any], users: str, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.json"
    copy.write_bytes(Path(users).read_bytes())
    code, out, err = run(f"telegram-json={users}", f"telegram-json={copy}")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "users.json" in err
    assert "copy.json" in err
    assert "Give only the source whose program wrote the rows" in err
    assert count(db, "unified_users") == 0


def test_an_unreachable_unified_database_ends_with_exit_code_3(
    run: Run, users: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://ttfd:hunter2@127.0.0.1:1/ttfd")
    code, out, err = run(f"telegram-json={users}")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "hunter2" not in err


def test_an_unknown_time_zone_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text(json.dumps({"users": {"77": {"created_at": "2026-02-08T10:00:00"}}}))
    code, _, err = run(f"telegram-json={path}", "--time-zone", "Europe/Atlantis")
    assert code == 2
    assert "Europe/Atlantis" in err
    assert "such as Europe/Moscow" in err


# The report


def test_the_time_zone_is_that_of_naive_time_stamps(run: Run, db: psycopg.Connection[Any], tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text(json.dumps({"users": {"77": {"created_at": "2026-02-08T10:00:00"}}}))
    assert run(f"telegram-json={path}", "--time-zone", "Europe/Moscow")[0] == 0
    found = db.execute("SELECT created_at AT TIME ZONE 'UTC' FROM ttfd.unified_users").fetchone()
    assert str(found and found[0]) == "2026-02-08 07:00:00"


def test_the_report_shows_totals_links_conflicts_and_the_first_rejected_records(run: Run, sample: Sample) -> None:
    code, out, err = run(*sample.arguments)
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    truths = sample.sources.values()
    for title, number in (
        ("XP", sum(truth.xp for truth in truths)),
        ("Coins", sum(truth.coins for truth in truths)),
        ("Messages", 0),
        ("Voice, s", sum(truth.voice_seconds for truth in truths)),
    ):
        assert f"{title} {number:,} {number:,} 0" in lines
    assert f"New members {sample.users:,}" in lines
    assert f"Linked by a stated id {len(sample.links_by_id)}" in lines
    assert f"Linked by an equal name {len(sample.links_by_username)}" in lines
    assert "… and 12 more: --json shows them." in lines  # conflicts: 32
    broken = [key for truth in truths for key in truth.broken]
    assert f"Rejected records {len(broken)}" in lines
    assert sum(any(f" {key} " in line for line in lines) for key in broken) == 20
    assert f"… and {len(broken) - 20} more: --json shows them." in lines


def test_the_report_is_russian_when_the_locale_is(run: Run, sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "ru_RU.UTF-8")
    _, out, _ = run(*sample.arguments)
    assert "Перенесено, номер прогона 1." in out
    assert "запись — не объект" in out
    assert "coins — не число" in out
    assert "это имя носят несколько аккаунтов" in out
    assert "… и ещё 3: покажет --json." in out
    assert "Imported as run" in run(*sample.arguments, "--language", "en")[1]


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LANGUAGE": "en:ru"}, "en"),
    ],
)
def test_the_language_is_that_of_the_locale(
    run: Run, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    start = {"en": "ttfd: There is no file", "ru": "ttfd: Файла"}[language]
    assert run("telegram-json=gone.json")[2].startswith(start)


def test_json_is_one_document_with_everything_in_it(run: Run, sample: Sample) -> None:
    code, out, err = run(*sample.arguments, "--json", "--language", "ru")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["status"] == "unified"
    assert len(document["report"]["rejected"]) == document["rejected"] == 23
    assert len(document["report"]["conflicts"]) == document["conflicts"] > 20


def test_a_dry_run_says_so_and_changes_nothing(run: Run, db: psycopg.Connection[Any], users: str) -> None:
    code, out, _ = run(f"telegram-json={users}", "--dry-run")
    assert code == 0
    assert out.startswith("Dry run: nothing was changed.\n")
    assert "1,234" in out
    assert count(db, "unified_users") == count(db, "import_runs") == 0


def test_names_link_nobody_when_told_so(run: Run, sample: Sample) -> None:
    document = json.loads(run(*sample.arguments, "--no-username-links", "--json")[1])
    assert document["linked_by_username"] == 0


def test_a_database_is_read_by_the_name_of_a_variable(
    run: Run, db: psycopg.Connection[Any], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.execute("CREATE TABLE public.users (id text, username text, xp int)")
    db.execute("CREATE TABLE public.accounts (id serial, email text)")
    db.execute("INSERT INTO public.users VALUES ('100000000000000001', 'Ann', 5)")
    monkeypatch.setenv("BOT_DATABASE", database_url)
    code, out, _ = run("discord-postgres=env:BOT_DATABASE", "website-postgres=env:BOT_DATABASE")
    assert code == 0
    assert "users was left out, because another source of this import reads the same data." in out


def test_control_characters_of_a_name_do_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text(json.dumps({"users": {"77": {"xp": "\x1b[2Jmany [red]"}, "78\x1b[1m": {}}}))
    code, out, _ = run(f"telegram-json={path}")
    assert code == 0
    assert "\x1b" not in out
    assert "[red]" in out


# Texts


def test_every_text_has_a_russian_translation_and_the_compiled_catalogue_is_up_to_date() -> None:
    keywords = {**DEFAULT_KEYWORDS, "marked": None}
    messages = {
        message
        for path in TRANSLATED
        for _, message, _, _ in extract_from_file("python", path, keywords=keywords)
        if message
    }
    with (CATALOGUE / "cli.po").open("rb") as source, (CATALOGUE / "cli.mo").open("rb") as compiled:
        texts, used = texts_of(read_po(source)), texts_of(read_mo(compiled))
    assert {message for message in messages if not texts.get(message)} == set()
    assert set(texts) == messages
    assert used == texts


def texts_of(catalogue: Catalog) -> dict[Any, Any]:
    def hashable(text: Any) -> Any:
        return tuple(text) if isinstance(text, list) else text

    return {hashable(message.id): hashable(message.string) for message in catalogue if message.id}


# Progress


@pytest.mark.parametrize(("seconds", "shown"), [(2.0, "500  250 rows/s"), (0.00002, "500")])
def test_a_rate_is_shown_once_there_is_one(seconds: float, shown: str) -> None:
    clock = iter([0.0, seconds])
    task = Task(TaskID(1), "", 500, 500, _get_time=lambda: next(clock), fields={"rows": 500})
    task.start_time = next(clock)
    assert _Rows(Texts("en")).render(task).plain == shown


@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_number_is_broken_in_a_narrow_window(capsys: pytest.CaptureFixture[str], language: str) -> None:
    texts = Texts(language)
    numbers = [2**63 - 1, 15_907_914, 7]
    _Report(texts, Console(width=60))._table(
        "Title", ("Source", *["Two words"] * 3), [["a/rather/long/name.json", *numbers]]
    )
    said = capsys.readouterr().out
    assert all(texts.cell(number) in said for number in numbers)
    assert max(map(len, said.splitlines())) <= 60

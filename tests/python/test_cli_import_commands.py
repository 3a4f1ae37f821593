"""What follows an import on the command line: conflicts, answers, undoing, the web page, verifying."""

import csv
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from calls import Connection, value, violations
from ttfd.cli.app import app
from ttfd.demo.sample import Sample, write_sample

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("LANG", "C.UTF-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, arguments)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


def write(path: Path, **users: dict[str, object]) -> str:
    path.write_text(json.dumps({"users": users}), encoding="utf-8")
    return str(path)


@pytest.fixture
def namesakes(tmp_path: Path, run: Run) -> None:
    """Two of one name on Telegram, one on Discord: three conflicts."""
    telegram = write(tmp_path / "t.json", **{"1": {"username": "alex", "xp": 5}, "2": {"username": "Alex", "xp": 7}})
    discord = write(tmp_path / "d.json", **{"9": {"id": "9", "username": "ALEX", "xp": 1}})
    assert run("import", f"telegram-json={telegram}", f"discord-json={discord}")[0] == 0


def members(db: Connection) -> int:
    return int(value(db, "SELECT count(*) FROM ttfd.unified_users WHERE merged_into IS NULL AND forgotten_at IS NULL"))


def test_conflicts_are_listed_with_the_numbers_to_settle_them_by(run: Run, namesakes: None) -> None:
    code, out, _ = run("import", "conflicts")
    assert code == 0
    assert "several accounts bear this name" in out
    document = json.loads(run("import", "conflicts", "--json")[1])
    assert all(str(entry["conflict_id"]) in out for entry in document)
    assert {(entry["platform"], entry["external_id"]) for entry in document} == {
        ("telegram", "1"),
        ("telegram", "2"),
        ("discord", "9"),
    }


def test_an_answer_joins_two_members(run: Run, db: Connection, namesakes: None) -> None:
    document = json.loads(run("import", "conflicts", "--json")[1])
    number = next(entry["conflict_id"] for entry in document if entry["platform"] == "discord")
    assert run("import", "settle", str(number), "together", "telegram", "2") == (0, "1 conflict settled.\n", "")
    assert members(db) == 2
    assert str(number) not in re.findall(r"\d+", run("import", "conflicts")[1])


def fill_in(table: Path, encoding: str, delimiter: str) -> None:
    """What a person does in a spreadsheet, which then saves it in its own way."""
    text = table.read_text(encoding="utf-8-sig")
    lines = list(csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.partition("\n")[0] else ","))
    assert len(lines) == 3
    for line in lines:
        line["username"] = "Алекс"
        if line["account"] == "discord 9":
            line |= {"answer": "together", "platform": "telegram", "external_id": "1"}
        elif line["account"] == "telegram 2":
            line["answer"] = "apart"
    with table.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, lines[0], delimiter=delimiter)
        writer.writeheader()
        writer.writerows(lines)


@pytest.mark.parametrize(
    ("encoding", "delimiter"), [("utf-8-sig", ","), ("utf-8", ";"), ("utf-16", ","), ("utf-16", "\t"), ("cp1251", ";")]
)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_table_of_answers_is_filled_in_and_given_back(
    run: Run, db: Connection, namesakes: None, tmp_path: Path, language: str, encoding: str, delimiter: str
) -> None:
    table = tmp_path / "answers.csv"
    assert run("import", "conflicts", "--csv", str(table), "--language", language) == (0, "", "")
    fill_in(table, encoding, delimiter)
    assert run("import", "settle", "--from", str(table))[:2] == (0, "2 conflicts settled.\n")
    assert members(db) == 2
    assert len(json.loads(run("import", "conflicts", "--json")[1])) == 3
    assert value(db, "SELECT count(*) FROM ttfd.import_conflicts WHERE settled_at IS NULL") == 1


@pytest.mark.parametrize(("language", "header"), [("en", "conflict_id,answer,"), ("ru", "conflict_id;answer;")])
def test_a_table_of_conflicts_is_one_that_a_spreadsheet_of_this_language_opens(
    run: Run, namesakes: None, tmp_path: Path, language: str, header: str
) -> None:
    run("import", "conflicts", "--csv", str(tmp_path / "answers.csv"), "--language", language)
    assert (tmp_path / "answers.csv").read_bytes().startswith(b"\xef\xbb\xbf" + header.encode())


def test_a_table_of_conflicts_is_not_written_over_answers(run: Run, namesakes: None, tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    table.write_text("mine")
    code, _, err = run("import", "conflicts", "--csv", str(table))
    assert (code, err.count("\n"), "File exists" in err) == (2, 1, True)
    assert table.read_text() == "mine"


def test_a_name_is_no_formula_in_a_table_of_conflicts(run: Run, tmp_path: Path) -> None:
    evil = "=1+1"
    telegram = write(tmp_path / "t.json", **{"1": {"username": evil}, "2": {"username": evil}})
    discord = write(tmp_path / "d.json", **{"9": {"id": "9", "username": evil}})
    assert run("import", f"telegram-json={telegram}", f"discord-json={discord}")[0] == 0
    table = tmp_path / "answers.csv"
    run("import", "conflicts", "--csv", str(table))
    lines = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    assert {line["username"] for line in lines} == {"'=1+1"}


def test_a_wrong_number_is_told_which_command_lists_the_right_ones(run: Run, db: Connection) -> None:
    _, _, english = run("import", "settle", "7", "apart")
    _, _, russian = run("import", "settle", "7", "apart", "--language", "ru")
    assert "no import conflict 7" in english
    assert "list_import_conflicts" not in english + russian
    assert english.count("ttfd import conflicts") == russian.count("ttfd import conflicts") == 1


def test_of_a_table_with_a_wrong_answer_nothing_is_settled(
    run: Run, db: Connection, namesakes: None, tmp_path: Path
) -> None:
    numbers = [entry["conflict_id"] for entry in json.loads(run("import", "conflicts", "--json")[1])]
    table = tmp_path / "answers.csv"
    table.write_text(f"conflict_id,answer,platform,external_id\n{numbers[0]},apart,,\n{numbers[1]},perhaps,,\n")
    code, _, err = run("import", "settle", "--from", str(table))
    assert (code, err.count("\n")) == (3, 1)
    assert "Settlements are together" in err
    assert value(db, "SELECT count(*) FROM ttfd.import_conflicts WHERE settled_at IS NOT NULL") == 0


@pytest.mark.parametrize("arguments", [("settle",), ("settle", "7"), ("settle", "--from", "{folder}/bad.csv")])
def test_an_answer_that_is_none_is_explained(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    code, _, err = run("import", *(argument.format(folder=tmp_path) for argument in arguments))
    assert (code, err.count("\n")) == (2, 1)
    assert "Next: ttfd import" in err


def test_an_import_is_taken_back(run: Run, db: Connection, namesakes: None) -> None:
    code, out, _ = run("import", "undo", "1", "--yes")
    assert (code, out.splitlines()[0]) == (0, "Run 1 is undone: 13 XP and 0 coins were taken back.")
    assert members(db) == 0
    assert violations(db) == []
    assert run("import", "undo", "1", "--yes")[0] == 3


def test_nothing_is_taken_back_without_a_yes(run: Run, db: Connection, namesakes: None) -> None:
    assert run("import", "undo", "1")[0] == 1
    assert members(db) == 3


def test_the_policy_is_that_of_the_option(run: Run, db: Connection, tmp_path: Path) -> None:
    telegram = write(tmp_path / "t.json", **{"1": {"xp": 5, "discord_id": "9"}})
    discord = write(tmp_path / "d.json", **{"9": {"id": "9", "xp": 70}})
    assert run("import", f"telegram-json={telegram}", f"discord-json={discord}", "--policy", "prefer telegram")[0] == 0
    assert value(db, "SELECT xp FROM ttfd.unified_users") == 5
    code, _, err = run("import", f"telegram-json={telegram}", "--policy", "least")
    assert (code, err.count("\n")) == (3, 1)
    assert "Policies are sum, max" in err


def test_verify_tells_for_each_source_what_arrived_and_who_differs(run: Run, db: Connection, namesakes: None) -> None:
    code, out, _ = run("verify")
    assert code == 0
    assert "Imported from telegram: 12 XP and 0 coins; in the event log: 12 XP and 0 coins." in out
    db.execute("UPDATE ttfd.cross_platform_events SET xp = xp - 1 WHERE source_platform = 'discord'")
    code, out, _ = run("verify")
    assert code == 1
    assert re.search(r"Imported from discord, user \d+: 1 XP and 0 coins; in the event log: 0 XP", out)


class Page(HTMLParser):
    """Whether tags are closed, what is said, and whether anything is loaded from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "line", "circle", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize(("language", "title"), [("en", "Who was joined to whom"), ("ru", "Кто с кем объединён")])
def test_the_web_page_holds_everything_and_needs_nothing_else(
    run: Run, tmp_path: Path, language: str, title: str
) -> None:
    sample: Sample = write_sample(tmp_path)
    path = tmp_path / "report.html"
    assert run("import", *sample.arguments, "--report", str(path), "--language", language)[0] == 0
    page = Page(path.read_text(encoding="utf-8"))
    assert (page.open, page.links) == ([], [])
    assert title in page.words
    assert page.tags.count("svg") == 1
    assert "script" not in page.tags
    keys = [key for truth in sample.sources.values() for key in truth.broken]
    assert all(any(key in word for word in page.words) for key in keys)
    joined = len(sample.links_by_id) + len(sample.links_by_username)
    assert page.tags.count("tr") > joined + len(keys)


def test_a_name_cannot_put_anything_into_the_web_page(run: Run, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    users = write(tmp_path / "t.json", **{"1": {"username": evil}, "2": {"username": evil}, "<b>": {"xp": evil}})
    discord = write(tmp_path / "d.json", **{"9": {"id": "9", "username": evil}})
    path = tmp_path / "report.html"
    run("import", f"telegram-json={users}", f"discord-json={discord}", "--report", str(path), "--dry-run")
    text = path.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text

"""The command line as a whole: one clear line for every expected failure, its exit code, and no password."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from click.testing import CliRunner

from ttfd import cli
from ttfd.cli import CommandError
from ttfd.cli.app import app
from ttfd.cli.language import system_language


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> tuple[int, str, str]:
    def fail() -> str:
        raise error

    monkeypatch.setattr("ttfd.cli.migrate.database_url", fail)
    return run("migrate")


def test_migrate_says_what_it_applied(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url.replace("postgresql:", "postgres:"))
    code, out, err = run("migrate", "--json")
    assert (code, err) == (0, "")
    assert '"0001.' in out
    assert run("migrate") == (0, "Nothing to apply: the database is up to date.\n", "")


@pytest.mark.parametrize(
    ("address", "code", "text"),
    [
        ("postgres://u:s3cr3t@localhost:1/x", 3, "cannot be reached"),
        ("postgres://u:s3/cr3t@localhost:1/x", 2, "cannot be read"),
        ("mysql://u:s3cr3t@localhost/x", 2, "must begin with postgresql://"),
        ("{server}&password=s3cr3t", 3, "password authentication failed"),
    ],
)
def test_a_bad_address_is_one_line_without_the_password(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, address: str, code: int, text: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", address.format(server=empty_database_url))
    found, out, err = run("migrate")
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert err.startswith("ttfd: ")
    assert text in err
    assert "Next: " in err
    assert not any(part in err for part in ("s3", "cr3t"))


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            CommandError("The preset is unknown.", "Use one of x, y."),
            2,
            "ttfd: The preset is unknown. Next: Use",
        ),
        (CommandError("It is late", exit_code=3), 3, "ttfd: It is late.\n"),
        (FileNotFoundError(2, "No such file or directory", "users.json"), 2, "users.json: No such file"),
        (psycopg.errors.UndefinedFunction("function ttfd.x does not exist\nLINE 1"), 3, "Run: ttfd migrate"),
        (ModuleNotFoundError("No module named 'yoyo'", name="yoyo"), 2, "pip install 'ttfd[cli]'"),
    ],
)
def test_an_expected_failure_is_one_line_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, text: str
) -> None:
    found, out, err = failing(monkeypatch, error)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert text in err


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        failing(monkeypatch, ZeroDivisionError())


def test_a_command_whose_extra_is_missing_does_not_take_the_others_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needy.py").write_text("import telegram.nothing_of_the_kind")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(cli.COMMANDS, "needy", "needy:command")
    code, out, _ = run("--help")
    assert code == 0
    assert "migrate" in out
    code, _, err = run("needy", "--any")
    assert (code, "pip install 'ttfd[telegram]'" in err) == (2, True)


def test_without_the_extra_the_command_says_what_to_install() -> None:
    code = "import sys; sys.modules['click'] = None; from ttfd.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ttfd: the command line is not installed. Next: pip install 'ttfd[cli]'\n"


def test_without_an_address_and_without_a_server_the_address_is_what_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ttfd.embedded.programs.PACKAGE", "nothing_of_the_kind")
    code, out, err = run("migrate")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("ttfd: DATABASE_URL is not set. Next: set it to the address of your database")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("named", "windows", "language"),
    [
        ({}, 0x0419, "ru"),
        ({}, 0x0409, "en"),
        ({}, 0xFFFF, "en"),
        ({}, None, "en"),
        ({"LANG": "ru_RU.UTF-8"}, 0x0409, "ru"),
    ],
)
def test_the_language_is_that_of_the_environment_or_else_of_windows(
    monkeypatch: pytest.MonkeyPatch, named: dict[str, str], windows: int | None, language: str
) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    if windows is not None:
        kernel = SimpleNamespace(GetUserDefaultUILanguage=lambda: windows)
        monkeypatch.setattr("sys.platform", "win32")
        monkeypatch.setattr("ctypes.windll", SimpleNamespace(kernel32=kernel), raising=False)
    assert system_language() == language


def test_text_is_utf_8_whatever_the_console_says() -> None:
    code = "from ttfd.cli import main\nimport sys\nsys.argv[1:] = ['--help']\n"
    code += "try: main()\nexcept SystemExit: print('привет')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONIOENCODING": "ascii"}
    )
    assert "привет" in done.stdout.decode()


def test_the_embedded_server_serves_where_no_address_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from support import temporary_directory

    monkeypatch.delenv("DATABASE_URL", raising=False)
    with temporary_directory() as place:
        monkeypatch.chdir(place)
        assert run("pg", "status")[0] == 3
        try:
            code, _, err = run("migrate")
            assert (code, "DATABASE_URL is not set" in err) == (0, True)
            assert run("pg", "status")[0] == 0
            _, address, _ = run("pg", "url")
            with psycopg.connect(address.strip()) as connection:
                assert connection.execute("SELECT to_regnamespace('ttfd')::text").fetchone() == ("ttfd",)
            code, address, _ = run("pg", "url", "--yoyo")
            assert (code, address.startswith("postgresql+psycopg://")) == (0, True)
        finally:
            assert run("pg", "stop") == (0, "Stopped.\n", "")
        assert run("pg", "stop") == (0, "It was not running.\n", "")

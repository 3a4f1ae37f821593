"""The file that Windows users double-click calls `ttfd import` and nothing else, in words that it understands."""

import re
from pathlib import Path

from ttfd.cli.import_ import import_
from ttfd.legacy import preset_names

BATCH = Path(__file__).parents[2] / "tools" / "windows" / "import.bat"
BUILT_IN = {"@echo", "rem", "chcp", "set", "cd", "choice", "goto", "pause"}


def commands() -> list[str]:
    """Every command of the file, without the conditions before it."""
    text = BATCH.read_bytes().decode("ascii")
    assert text.count("\n") == text.count("\r\n")
    found = []
    for line in text.splitlines():
        for part in re.split(r"&&|\|\||[()]|\belse\b", line):
            command = re.sub(r"^(\s*if (not )?(exist \S+|defined \S+|errorlevel \d+) ?)+", "", part.strip())
            if command and not command.startswith(":"):
                found.append(command)
    return found


def test_it_calls_ttfd_import_and_nothing_else() -> None:
    others = [command for command in commands() if command.split()[0] not in BUILT_IN]
    assert others
    assert all(command.startswith("ttfd import ") for command in others)


def test_it_tries_before_it_imports() -> None:
    first, second = (command for command in commands() if command.startswith("ttfd"))
    assert "--dry-run" in first
    assert first.replace("--dry-run ", "") == second


def test_it_uses_options_and_presets_that_exist() -> None:
    options = {name for parameter in import_.commands["run"].params for name in parameter.opts}
    text = " ".join(commands())
    assert set(re.findall(r"--[\w-]+", text)) <= options
    assert set(re.findall(r"([\w-]+)=(?:env:|\w+\.json)", text)) <= set(preset_names())


def test_no_password_stands_in_a_command_line() -> None:
    assert not any("DATABASE_URL" in re.sub(r"env:\w+|set /p DATABASE_URL=DATABASE_URL:", "", c) for c in commands())

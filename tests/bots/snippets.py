"""The snippets of docs/bots.md, as they stand there."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

PAGE = Path(__file__).parents[2] / "docs/bots.md"
SNIPPETS = dict(re.findall(r"```python\n# (\w+)\.py\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))


def load(name: str, place: Path) -> SimpleNamespace:
    """A snippet as a module."""
    (place / f"{name}.py").write_text(SNIPPETS[name], "utf-8")
    return SimpleNamespace(**runpy.run_path(str(place / f"{name}.py")))

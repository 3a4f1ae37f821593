"""``python -m ttfd`` is the command ``ttfd``."""

from ttfd.cli import main

main()

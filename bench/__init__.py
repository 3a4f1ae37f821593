"""How fast ttfd is, beside what else one could use. Run with ``make bench`` or ``python -m bench --help``."""

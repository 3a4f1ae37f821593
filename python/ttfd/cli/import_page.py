"""The report of an import as one web page that needs nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ttfd.cli.import_texts import COUNTS, METRICS, Texts, account
from ttfd.legacy import ImportResult

__all__ = ["web_page"]

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .25rem .75rem; text-align: left; border-bottom: 1px solid #8884; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.wrong { color: #c0392b; font-weight: bold; }
svg text { fill: currentColor; font: 14px system-ui, sans-serif; }
"""
_ROW, _DOT, _BAR = 28, 90, 420  # pixels: height of a row, width of a platform's column and of the longest bar


def web_page(texts: Texts, result: ImportResult) -> str:
    """Return the report of an import: totals, who joined whom, conflicts, rejected records, and a picture."""
    _ = texts.gettext
    report = result.report
    is_dry = result.status == "dry_run"
    title = (
        _("Dry run: nothing was changed.") if is_dry else _("Imported as run {run_id}.").format(run_id=result.run_id)
    )
    sections = [
        _section(_("Members by platform"), _picture(texts, report["overlaps"])),
        _section(_("All sources, before and after"), _totals(texts, result)),
        _section(
            _("Records"),
            _table(
                texts,
                (_("Source"), _("Read"), _("Accepted"), _("Rejected"), _("Accounts")),
                ([s[n] for n in ("source", "rows", "accepted", "rejected", "accounts")] for s in report["sources"]),
            ),
        ),
        _section(
            _("Amounts in the accepted records, and what this run adds"),
            _table(
                texts,
                (_("Source"), *map(_, METRICS.values()), _("XP added"), _("Coins added")),
                ([s[n] for n in ("source", *METRICS, "granted_xp", "granted_coins")] for s in report["sources"]),
            ),
        ),
        _section(
            _("Members"),
            _table(texts, ("", _("Number")), ([_(name), getattr(result, key)] for key, name in COUNTS.items())),
        ),
        *_people(texts, result),
    ]
    left_out = (
        _("{source}: {part} was left out, because {reason}.").format(
            source=part.source, part=part.part, reason=_(part.reason)
        )
        for part in result.left_out
    )
    notes = "".join(f"<p>{escape(texts.cell(note))}</p>" for note in left_out)
    return (
        f'<!doctype html>\n<html lang="{texts.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{notes}{''.join(sections)}</body></html>\n"
    )


def _people(texts: Texts, result: ImportResult) -> Iterable[str]:
    _ = texts.gettext
    report = result.report
    joins = (
        (account(j), j["username"], account(j, "to_"), j["to_username"], texts.join(j["reason"]))
        for j in report["joins"]
    )
    conflicts = (
        (
            c["source_key"],
            account(c),
            c["username"],
            ", ".join(account(candidate) for candidate in c["candidates"]),
            texts.conflict(c["reason"]),
        )
        for c in report["conflicts"]
    )
    rejected = ((r["source"], r["source_key"], texts.rejection(r["reason"])) for r in report["rejected"])
    yield _section(
        _("Who was joined to whom"),
        _table(texts, (_("Account"), _("Name"), _("Account"), _("Name"), _("Because of")), joins),
    )
    yield _section(
        _("Conflicts, for a person to settle"),
        _table(texts, (_("Record"), _("Account"), _("Name"), _("Could belong to"), _("Reason")), conflicts),
    )
    yield _section(_("Rejected records"), _table(texts, (_("Source"), _("Record"), _("Reason")), rejected))


def _totals(texts: Texts, result: ImportResult) -> str:
    _ = texts.gettext
    before, after = result.report["totals_before"], result.report["totals_after"]
    rows = ([_(name), before[key], after[key], after[key] - before[key]] for key, name in METRICS.items())
    return _table(texts, ("", _("In the sources"), _("In the ledger"), _("Difference")), rows, difference=3)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>\n" if body else ""


def _table(
    texts: Texts, headings: Sequence[str], rows: Iterable[Sequence[object]], difference: int | None = None
) -> str:
    lines = []
    for row in rows:
        cells = []
        for place, value in enumerate(row):
            kind = "number" if isinstance(value, int) else ""
            if place == difference and value:
                kind += " wrong"
            cells.append(f'<td class="{kind}">{escape(texts.cell(value))}</td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    if not lines:
        return ""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _picture(texts: Texts, overlaps: Sequence[Mapping[str, Any]]) -> str:
    """Draw a bar for each set of platforms that persons are on, with a dot for each platform of the set."""
    if not overlaps:
        return ""
    platforms = sorted({platform for entry in overlaps for platform in entry["platforms"]})
    most = max(entry["persons"] for entry in overlaps)
    left = _DOT * len(platforms)
    shapes = [
        f'<text x="{_DOT * column + _DOT / 2}" y="18" text-anchor="middle">{escape(platform)}</text>'
        for column, platform in enumerate(platforms)
    ]
    for row, entry in enumerate(overlaps, start=1):
        middle = _ROW * row + _ROW / 2
        columns = [column for column, platform in enumerate(platforms) if platform in entry["platforms"]]
        first, last = (_DOT * column + _DOT / 2 for column in (columns[0], columns[-1]))
        shapes.append(f'<line x1="{first}" y1="{middle}" x2="{last}" y2="{middle}" stroke="#3498db" stroke-width="3"/>')
        shapes += [f'<circle cx="{_DOT * c + _DOT / 2}" cy="{middle}" r="7" fill="#3498db"/>' for c in columns]
        width = max(2, round(_BAR * entry["persons"] / most))
        shapes.append(f'<rect x="{left}" y="{middle - 9}" width="{width}" height="18" fill="#3498db"/>')
        shapes.append(f'<text x="{left + width + 8}" y="{middle + 5}">{texts.cell(entry["persons"])}</text>')
    width, height = left + _BAR + 120, _ROW * (len(overlaps) + 1)
    label = escape(texts.gettext("Members by platform"))
    return (
        f'<div class="scroll"><svg role="img" aria-label="{label}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">{"".join(shapes)}</svg></div>'
    )

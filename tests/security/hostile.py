"""Strings that have broken somebody's program: 500 of them, the same each time."""

import random

_SEEDS = [
    # SQL: quotes, comments, stacked statements, dollar quotes, escapes
    "'", "''", "';", "'--", "' OR '1'='1", "' OR 1=1 --", "1; DROP TABLE ttfd.unified_users CASCADE; --",
    "'; DROP SCHEMA ttfd CASCADE; --", "x'); DELETE FROM ttfd.platform_accounts; --", '"', '""', '";--', "`", "``",
    "$$", "$$; DROP TABLE ttfd.ranks; $$", "$tag$", "$_$ || current_user || $_$", "\\", "\\'", "\\\\'", "E'\\''",
    "U&'\\0027'", "/*", "*/", "/* ' */", "--", "-- \n'", ";", ");", "') RETURNING *; --",
    "' UNION SELECT key FROM forgetting_key --",
    "'||(SELECT pg_sleep(9))||'", "'||pg_read_file('PG_VERSION')||'", "' AND 1=(SELECT 1/0)--",
    "COPY ttfd.ranks TO STDOUT",
    "ttfd.unified_users", "pg_catalog.pg_authid", "current_user", "NULL", "null", "default", "true", "-1", "0", "1e308",
    "NaN", "infinity", "-infinity", "now", "epoch", "'now'::timestamptz",
    # formats and templates
    "%", "%%", "%s", "%I", "%L", "%1$s", "%s%s%s%n", "{}", "{0}", "{__class__}", "${jndi:ldap://x}", "{{7*7}}",
    "<%= 1 %>",
    # COPY, CSV, JSON, arrays, rows
    "\\.", "\\N", "\n\\.\n", "a\tb", "a\\tb", ",", "{a,b}", "{\"a\"", "(1,2)", "[1,2", "]", "}", "{\"a\":", "\"}",
    "\\u0000",
    "\\u0027", "\\ud800", "\\x27", "{\"xp\": 9}", "[]", "null,", "\x01", "\x08", "\x1b[31m", "\x7f", "\r\n", "\n",
    "\t", " ", "",
    # wildcards and regular expressions
    "_", "%_%", ".*", "(", "[", "(a+)+$", "^$", "\\d", "(?=", "*",
    # paths, markup, headers
    "../../etc/passwd", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;", "javascript:alert(1)",
    "a\r\nX: b",
    # Unicode: other quotes, direction, zero width, combining, case that grows, outside the basic plane, noncharacters
    "\u2019", "\u02bc", "\uff07", "\u2018 OR 1=1", "\u202eevil", "\u2066x\u2069", "\u200b", "\u200d", "\ufeff",
    "e\u0301",
    "\u0130", "\u0131", "\u00df", "\u1e9e", "\ufb01", "\u212a", "\U0001f600",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0010ffff", "\ufffe", "\u2400", "Z\u0351\u036b\u0343a\u0363\u0360l\u0348",
    "\u0661\u0662", "\u00a0", "\u3000", "пароль' --", "名前", "‮'--",
    # length
    "a" * 10_000, "'" * 10_000, "\U0001f600" * 2_500, "(" * 3_000, "\\" * 9_999, "x" * 255, "x" * 256,
]  # fmt: skip


def hostile_strings(count: int = 500) -> list[str]:
    """The seeds and, up to the count, two or three of them together; an even sample of all for a smaller count."""
    chance = random.Random(20260301)
    found = dict.fromkeys(_SEEDS)
    while len(found) < 500:
        found["".join(chance.choice(_SEEDS) for _ in range(chance.choice((2, 3))))[:10_000]] = None
    listed = list(found)
    return listed if count >= len(listed) else chance.sample(listed, count)

"""Five hundred constellations of equal, similar and missing names, each with the result that people would expect."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations

from calls import Connection, get_user, rows, violations
from legacy_records import conflicts, load, unify

PLATFORMS = ("telegram", "discord", "website")
TIMES = 12


@dataclass
class Case:
    """Records and members of one constellation; `together` are the groups of accounts that have to be one member."""

    number: int
    one: str
    other: str
    records: list[tuple[str, str, str | None]] = field(default_factory=list)
    present: list[tuple[str, str, str]] = field(default_factory=list)
    linked: list[tuple[str, str, str, str]] = field(default_factory=list)
    together: list[set[tuple[str, str]]] = field(default_factory=list)
    conflicts: set[tuple[str, str, str]] = field(default_factory=set)

    @property
    def name(self) -> str:
        return f"anna{self.number}x"

    def account(self, platform: str, place: int = 0) -> str:
        digits = str(1000 + 10 * self.number + place)
        return f"{digits}@example.org" if platform == "website" else digits

    def record(self, platform: str, name: str | None, place: int = 0) -> tuple[str, str]:
        external_id = self.account(platform, place)
        self.records.append((platform, external_id, name))
        return platform, external_id

    def namesakes(self, first: str | None, second: str | None, join: bool) -> None:
        pair = [self.record(self.one, first), self.record(self.other, second)]
        self.together += [set(pair)] if join else [{account} for account in pair]


def equal(case: Case) -> None:
    case.namesakes(case.name, case.name, True)


def other_case(case: Case) -> None:
    case.namesakes(case.name.upper(), case.name.title(), True)


def with_at(case: Case) -> None:
    case.namesakes(f"@{case.name}", case.name, True)


def with_spaces(case: Case) -> None:
    case.namesakes(f"  {case.name} ", case.name, True)


def full_width(case: Case) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in case.name)
    case.namesakes(wide, case.name, True)


def cyrillic(case: Case) -> None:
    case.namesakes(f"Анна{case.number}", f"анна{case.number}", True)


def look_alike(case: Case) -> None:
    case.namesakes(case.name, case.name.replace("a", "а"), False)


def placeholder(case: Case) -> None:
    case.namesakes("Unknown", "Unknown", False)


def nameless(case: Case) -> None:
    case.namesakes(None, None, False)


def one_letter_more(case: Case) -> None:
    case.namesakes(case.name, case.name + "x", False)


def three_of_a_name(case: Case) -> None:
    found = [
        case.record(case.one, case.name),
        case.record(case.one, case.name.upper(), 1),
        case.record(case.other, case.name),
    ]
    case.together += [{account} for account in found]
    case.conflicts |= {("ambiguous_username", *account) for account in found}


def on_all_platforms(case: Case) -> None:
    case.together.append({case.record(platform, case.name) for platform in PLATFORMS})


def already_linked(case: Case) -> None:
    """The member of that name has an account on the other platform already: the record is of somebody else."""
    present = (case.one, case.account(case.one))
    known = (case.other, case.account(case.other, 1))
    case.present.append((*present, case.name))
    case.linked.append((*present, *known))
    stranger = case.record(case.other, case.name)
    case.together += [{present, known}, {stranger}]
    case.conflicts.add(("other_id_known", *stranger))


def a_member_of_that_name(case: Case) -> None:
    present = (case.one, case.account(case.one))
    case.present.append((*present, case.name))
    case.together.append({present, case.record(case.other, case.name)})


KINDS: list[Callable[[Case], None]] = [
    equal,
    other_case,
    with_at,
    with_spaces,
    full_width,
    cyrillic,
    look_alike,
    placeholder,
    nameless,
    one_letter_more,
    three_of_a_name,
    on_all_platforms,
    already_linked,
    a_member_of_that_name,
]


def make_cases() -> list[Case]:
    cases = []
    for kind in KINDS:
        for pair in combinations(PLATFORMS, 2):
            for _ in range(TIMES):
                case = Case(len(cases), *pair)
                kind(case)
                cases.append(case)
    return cases


def test_every_constellation_of_names_has_the_expected_result(db: Connection) -> None:
    cases = make_cases()
    assert len(cases) >= 500
    for case in cases:
        for platform, external_id, name in case.present:
            get_user(db, external_id, platform, name)
        for platform, external_id, other, other_id in case.linked:
            user_id = get_user(db, external_id, platform)
            db.execute("SELECT ttfd.link_verified_account(%s, %s, %s, NULL)", [user_id, other, other_id])
    sources = {
        platform: [
            {"id": external_id, "username": name, "xp": 1}
            for case in cases
            for where, external_id, name in case.records
            if where == platform
        ]
        for platform in PLATFORMS
    }
    result = unify(db, load(db, **sources))  # type: ignore[arg-type]
    found = rows(db, "SELECT platform, external_id, user_id FROM ttfd.platform_accounts")
    owners = {(seen.platform, seen.external_id): seen.user_id for seen in found}
    for case in cases:
        members = [{owners[account] for account in group} for group in case.together]
        assert all(len(group) == 1 for group in members), case
        assert len(set.union(*members)) == len(members), case
    assert conflicts(db, result.run_id) == set().union(*(case.conflicts for case in cases))
    assert violations(db) == []

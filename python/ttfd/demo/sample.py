"""Invented legacy files: 1,500 accounts on three platforms, with everything that makes an import hard."""

import hashlib
import json
import math
import random
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

__all__ = ["Account", "Sample", "SourceTruth", "write_sample"]

Account = tuple[str, str]
"""Platform and external id."""

_ACCOUNTS = 500  # sound ones a platform
_STATED_BY_TELEGRAM = 60  # Telegram users whose row names their Discord id
_STATED_BY_WEBSITE = 80  # website accounts that name a Discord id, some of them of the people above
_STATED_BY_BOTH = 20
_STATED_BUT_ABSENT = 5  # Telegram users who name a Discord id that the Discord bot never met
_SAME_NAME = {("telegram", "discord"): 50, ("website", "discord"): 30, ("telegram", "website"): 20}
_AMBIGUOUS = {
    "discord": 5,
    "telegram": 3,
}  # names that two accounts of this platform share with one elsewhere
_NAMESAKES = 4  # Telegram users with a stated Discord id, whose name is that of somebody else on Discord
_UNKNOWN = {"telegram": 15, "discord": 20}
_VOICE = 380  # Discord users who were in voice
_VOICE_ONLY = 6  # people who were in voice, but whom the Discord bot never stored
_HOLES = 0.08  # share of values that are null or missing

_RUSSIAN = (
    "Анна Борис Вера Глеб Дарья Егор Жанна Иван Кира Лев Мария Никита Ольга Павел Роман Софья Фёдор Яна",
    "Лунин Ветров Снежин Озёров Травин Камнев Звягин Ручьёв Берёзин Морошкин Тихонравов Ясенев Пшенов Грачёв",
)
_ENGLISH = (
    "Alice Brian Clara Dylan Emma Finn Grace Henry Isla Jack Kate Liam Mia Noah Olive Peter Rose Sam Will",
    "Ashford Barlow Calder Dunmore Eastwick Fairley Garrow Hollis Inwood Jessop Kersey Lorne Marlow Norwood",
)
_CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
_LATIN = "a b v g d e e zh z i y k l m n o p r s t u f h ts ch sh sch _ y _ e yu ya"
_TRANSLITERATION = str.maketrans(dict(zip(_CYRILLIC, _LATIN.split(), strict=True)))
_PLACES = {
    "telegram": "telegram.json users",
    "discord": "user_data.json users",
    "voice": "voice_data.json users",
    "website": "accounts.json accounts",
}
_ACHIEVEMENTS = (
    "first_win",
    "winner_10",
    "winner_50",
    "active_player",
    "rich_player",
    "streak_3",
    "streak_7",
)


# Records that are sound but for this.
_FAULTS: dict[str, tuple[dict[str, Any], ...]] = {
    "telegram": ({"xp": -5}, {"coins": "много"}, {"xp": 2**63}, {"telegram_id": "1"}, {"first_name": "\0"}),
    "discord": ({"coins": -1}, {"games_played": "ten"}, {"xp": 2**63}, {"xp": math.nan}, {"xp": [1]}),
    "website": ({"email": None}, {"email": "nobody at all"}, {"username": "\ud800"}, {"email": ""}),
}
# Records that are broken as a whole.
_BROKEN: dict[str, dict[str, Any]] = {
    "telegram": {"1000001": None, "not-a-number": {"telegram_id": "not-a-number", "xp": 1}},
    "discord": {"100000000000000001": "gone", "": {"username": "nobody", "xp": 1, "coins": 1}},
    "voice": {
        "100000000000000002": {"total_time": -60.0, "sessions": []},
        "100000000000000003": {"total_time": "long", "sessions": []},
        "100000000000000004": {"total_time": 2.0**63, "sessions": []},
    },
    "website": {"9001": ["deleted"], "9002": {"id": "9002", "username": "nobody", "created_at": None}},
}


@dataclass(frozen=True, slots=True)
class SourceTruth:
    """What one source holds.

    Attributes:
        records: all records, broken ones included.
        xp, coins, games_played, games_won: sums over the sound records.
        voice_seconds: the same, each account rounded down to whole seconds.
        broken: `source_key` of every broken record.
    """

    records: int
    xp: int
    coins: int
    games_played: int
    games_won: int
    voice_seconds: int
    broken: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sample:
    """The files written, and the truth about them.

    Attributes:
        arguments: the sources as `ttfd import` takes them.
        sources: truth by preset.
        accounts: every account that a sound record is about, or that one states a link to.
        links_by_id: pairs of accounts that one of the two states.
        links_by_username: pairs that only an equal name joins, unique on both sides.
        ambiguous_names: names, folded, that several accounts of one platform share with one of another.
        unknown: accounts whose name is the placeholder.
        namesakes: pairs of accounts with one name that must stay apart, because an id says otherwise.
        users: how many members an import into an empty database makes.
    """

    arguments: tuple[str, ...]
    sources: Mapping[str, SourceTruth]
    accounts: frozenset[Account]
    links_by_id: frozenset[frozenset[Account]]
    links_by_username: frozenset[frozenset[Account]]
    ambiguous_names: frozenset[str]
    unknown: frozenset[Account]
    namesakes: frozenset[frozenset[Account]]
    users: int


def write_sample(directory: Path, seed: int = 2026) -> Sample:
    """Write `telegram.json`, `user_data.json`, `voice_data.json` and `accounts.json` into `directory`.

    Equal seeds give equal bytes. Nobody in them exists.
    """
    community = _Community(random.Random(seed))  # noqa: S311 (reproducible, not secret)
    community.fill()
    community.break_some()
    return community.write(directory)


class _Community:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.names = self._unique_names()
        self.records: dict[str, dict[str, Any]] = {name: {} for name in _PLACES}
        self.broken: dict[str, set[str]] = {name: set() for name in _PLACES}
        self.by_id: set[frozenset[Account]] = set()
        self.by_username: set[frozenset[Account]] = set()
        self.ambiguous: set[str] = set()
        self.unknown: set[Account] = set()
        self.namesakes: set[frozenset[Account]] = set()

    # --- Sound records ---

    def fill(self) -> None:
        self._state_links()
        self._share_names()
        self._share_ambiguous_names()
        for platform, count in _UNKNOWN.items():
            self.unknown.update(self._add(platform, "Unknown") for _ in range(count))
        for platform in ("telegram", "discord", "website"):
            while len(self.records[platform]) < _ACCOUNTS:
                self._add(platform, next(self.names))
        for user_id in self.rng.sample(sorted(self.records["discord"]), _VOICE):
            self._add_voice(user_id, self.records["discord"][user_id]["username"])
        for _ in range(_VOICE_ONLY):
            self._add_voice(self._number(18), next(self.names))

    def _state_links(self) -> None:
        for place in range(_STATED_BY_TELEGRAM):
            discord = self._add("discord", next(self.names))
            telegram = self._add("telegram", next(self.names), discord_id=discord[1])
            self.by_id.add(frozenset((telegram, discord)))
            if place < _STATED_BY_BOTH:
                website = self._add("website", next(self.names), discord_id=discord[1])
                self.by_id.add(frozenset((website, discord)))
            elif place < _STATED_BY_BOTH + _NAMESAKES:
                name = self.records["telegram"][telegram[1]]["username"]
                self.namesakes.add(frozenset((telegram, self._add("discord", name.upper()))))
        for _ in range(_STATED_BY_WEBSITE - _STATED_BY_BOTH):
            discord = self._add("discord", next(self.names))
            website = self._add("website", next(self.names), discord_id=discord[1])
            self.by_id.add(frozenset((website, discord)))
        for _ in range(_STATED_BUT_ABSENT):
            discord = ("discord", self._number(18))
            telegram = self._add("telegram", next(self.names), discord_id=discord[1])
            self.by_id.add(frozenset((telegram, discord)))

    def _share_names(self) -> None:
        for (one, other), count in _SAME_NAME.items():
            for _ in range(count):
                name = next(self.names)
                pair = self._add(one, name), self._add(other, self._respell(name))
                self.by_username.add(frozenset(pair))

    def _share_ambiguous_names(self) -> None:
        for platform, count in _AMBIGUOUS.items():
            for _ in range(count):
                name = next(self.names)
                self.ambiguous.add(_fold(name))
                self._add("telegram" if platform == "discord" else "discord", name)
                self._add(platform, name)
                self._add(platform, self._respell(name))

    def _add(self, platform: str, name: str, discord_id: str | None = None) -> Account:
        if platform == "telegram":
            return platform, self._add_telegram(name, discord_id)
        if platform == "discord":
            return platform, self._add_discord(name)
        return platform, self._add_website(name, discord_id)

    def _add_telegram(self, name: str, discord_id: str | None) -> str:
        user_id = self._number(self.rng.choice((9, 10)))
        xp = self._amount(30_000)
        played = self.rng.randrange(200)
        self.records["telegram"][user_id] = {
            "telegram_id": self.rng.choice((user_id, int(user_id))),
            "username": name,
            "first_name": self._given_name(),
            "discord_id": discord_id,
            **self._holed(
                {
                    "xp": xp,
                    "coins": self._amount(9_000),
                    "rank_id": 1 + min(19, xp // 2600),
                    **self._dates(),
                    "last_daily": self._moment(),
                    "last_spin": self._moment(),
                    "inventory": [],
                    "achievements": self._some_achievements(),
                    "games_played": played,
                    "games_won": self.rng.randrange(played + 1),
                    "total_coins_won": self._amount(4_000),
                }
            ),
        }
        return user_id

    def _add_discord(self, name: str) -> str:
        user_id = self._number(18)
        played = self.rng.randrange(300)
        last_daily = self._moment()
        self.records["discord"][user_id] = {
            "id": user_id,
            "username": name,
            **self._holed(
                {
                    "xp": self._amount(60_000),
                    "coins": self._amount(20_000),
                    "clicks": self.rng.randrange(5_000),
                    "tasks_completed": self.rng.randrange(40),
                    "rank_id": self.rng.randrange(1, 21),
                    **self._dates(),
                    "last_daily": last_daily,
                    "achievements": self._some_achievements(),
                    "daily_tasks": [{"id": 1, "target": 100, "progress": self.rng.randrange(100)}],
                    "daily_streak": self.rng.randrange(40),
                    "last_daily_date": last_daily[:10],
                    "games_played": played,
                    "games_won": self.rng.randrange(played + 1),
                    "game_stats": {},
                }
            ),
        }
        return user_id

    def _add_voice(self, user_id: str, name: str) -> None:
        seconds = round(self.rng.expovariate(1 / 40_000), 6)
        session = {"channel_id": self._number(18), "start": self._moment(), "duration": seconds}
        self.records["voice"][user_id] = {"total_time": seconds, "sessions": [session], "username": name}

    def _add_website(self, name: str, discord_id: str | None) -> str:
        email = f"{_fold(name).translate(_TRANSLITERATION)}@example.org"
        number = str(len(self.records["website"]) + 1)
        self.records["website"][number] = {
            "id": number,
            "email": email,
            "username": name,
            "password": hashlib.sha256(self.rng.randbytes(8)).hexdigest(),
            "display_name": self._given_name(),
            "discord_id": discord_id,
            **self._holed({"created_at": self._moment(), "profile": {"bio": "", "theme": "default"}}),
        }
        return email

    # --- Broken records ---

    def break_some(self) -> None:
        for platform, faults in _FAULTS.items():
            for fault in faults:
                self._add(platform, next(self.names))
                key = next(reversed(self.records[platform]))
                self.records[platform][key].update(fault)
                self.broken[platform].add(key)
        for platform, records in _BROKEN.items():
            self.records[platform].update(records)
            self.broken[platform].update(records)

    # --- Truth and files ---

    def write(self, directory: Path) -> Sample:
        files = {
            "telegram.json": {"users": self.records["telegram"], "global_stats": {}},
            "user_data.json": {"users": self.records["discord"]},
            "voice_data.json": {"users": self.records["voice"], "channels": {}},
            "accounts.json": {
                "accounts": self.records["website"],
                "sessions": {"invented": {"account_id": "1"}},
            },
        }
        for name, content in files.items():
            text = json.dumps(content, ensure_ascii=False, indent=1).replace("\ud800", r"\ud800")
            (directory / name).write_text(text, encoding="utf-8", newline="\n")
        emails = (account["email"] for account in self._sound("website"))
        accounts = {
            *(("telegram", key) for key in self._sound_keys("telegram")),
            *(("discord", key) for key in self._sound_keys("discord") + self._sound_keys("voice")),
            *(("website", email) for email in emails),
            *(account for pair in self.by_id for account in pair),
        }
        telegram, user_data, voice_data, website = (directory / name for name in files)
        return Sample(
            arguments=(
                f"telegram-json={telegram}",
                f"discord-json={user_data},{voice_data}",
                f"website-json={website}",
            ),
            sources={
                "telegram-json": self._truth("telegram"),
                "discord-json": self._truth("discord", "voice"),
                "website-json": self._truth("website"),
            },
            accounts=frozenset(accounts),
            links_by_id=frozenset(self.by_id),
            links_by_username=frozenset(self.by_username),
            ambiguous_names=frozenset(self.ambiguous),
            unknown=frozenset(self.unknown),
            namesakes=frozenset(self.namesakes),
            users=len(accounts) - len(self.by_id) - len(self.by_username),
        )

    def _sound_keys(self, part: str) -> list[str]:
        return [key for key in self.records[part] if key not in self.broken[part]]

    def _sound(self, *parts: str) -> list[dict[str, Any]]:
        return [self.records[part][key] for part in parts for key in self._sound_keys(part)]

    def _truth(self, *parts: str) -> SourceTruth:
        sound = self._sound(*parts)
        names = ("xp", "coins", "games_played", "games_won")
        return SourceTruth(
            records=sum(len(self.records[part]) for part in parts),
            voice_seconds=sum(math.floor(record.get("total_time") or 0) for record in sound),
            broken=frozenset(f"{_PLACES[part]}/{key}" for part in parts for key in self.broken[part]),
            **{name: sum(record.get(name) or 0 for record in sound) for name in names},
        )

    # --- Values ---

    def _unique_names(self) -> Iterator[str]:
        taken = {"unknown"}
        while True:
            given, family = self._given_and_family()
            style = self.rng.choice(("{0}_{1}", "{1}.{0}", "{0}{1}{2}", "{0}{2}"))
            name = style.format(given, family, self.rng.randrange(100))
            if self.rng.random() < 0.7:
                name = name.lower().translate(_TRANSLITERATION)
            key = _fold(name).translate(_TRANSLITERATION)
            if key not in taken:
                taken.add(key)
                yield name

    def _given_and_family(self) -> list[str]:
        return [self.rng.choice(names.split()) for names in self.rng.choice((_RUSSIAN, _ENGLISH))]

    def _given_name(self) -> str:
        return self._given_and_family()[0]

    def _respell(self, name: str) -> str:
        """Write the name as people do elsewhere: other case, a leading @, wide letters."""
        wide = "".join(chr(ord(sign) + 0xFEE0) if "a" <= sign <= "z" else sign for sign in name)
        return self.rng.choice((name.upper(), f"@{name}", f"@{name.title()}", wide))

    def _number(self, digits: int) -> str:
        return str(self.rng.randrange(10 ** (digits - 1), 10**digits))

    def _amount(self, most: int) -> int:
        return int(most * self.rng.random() ** 3)

    def _moment(self) -> str:
        seconds = self.rng.random() * 2 * 365 * 86_400
        return (datetime(2024, 1, 1) + timedelta(seconds=seconds)).isoformat()  # noqa: DTZ001 (naive, as theirs)

    def _dates(self) -> dict[str, str]:
        created_at, last_active = sorted((self._moment(), self._moment()))
        return {"created_at": created_at, "last_active": last_active}

    def _some_achievements(self) -> list[str]:
        return sorted(self.rng.sample(_ACHIEVEMENTS, self.rng.randrange(4)))

    def _holed(self, record: dict[str, Any]) -> dict[str, Any]:
        """Make some values null and leave some out, as years of changing programs did."""
        holed = {}
        for name, value in record.items():
            chance = self.rng.random()
            if chance > _HOLES:
                holed[name] = value
            elif chance > _HOLES / 2:
                holed[name] = None
        return holed


def _fold(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().removeprefix("@")

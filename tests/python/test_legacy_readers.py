"""The presets, and the JSON ones: every record arrives once, under canonical names, with values as found."""

import json
from pathlib import Path
from typing import Any

import pytest
from legacy_reading import read, record, refusal

from ttfd.legacy import LegacyRow, open_source, preset_names

TELEGRAM = {
    "telegram_id": "77",
    "username": "Ann",
    "first_name": "Анна",
    "xp": 5,
    "coins": None,
    "discord_id": 123456789012345678,
    "inventory": ["sword"],
    "achievements": ["first_win"],
    "last_daily": "2026-02-08T10:00:00",
}


def write(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def telegram(folder: Path, users: Any) -> list[LegacyRow]:
    return read("telegram-json", write(folder, "telegram.json", {"users": users}))


def test_there_is_a_preset_for_every_legacy_format() -> None:
    assert preset_names() == [
        "discord-json",
        "discord-postgres",
        "mee6-json",
        "telegram-json",
        "telegram-postgres",
        "unified-v1",
        "website-json",
        "website-postgres",
    ]


def test_an_unknown_preset_is_refused_with_the_nearest_one_and_all_the_others() -> None:
    message = refusal("telegramjson", "users.json")
    assert "'telegramjson'" in message
    assert "Did you mean telegram-json?" in message
    assert all(name in message for name in preset_names())


def test_a_record_has_the_canonical_names_and_the_values_as_found(tmp_path: Path) -> None:
    (row,) = telegram(tmp_path, {"77": TELEGRAM})
    assert (row.part, row.source_key, row.platform, row.reject_reason) == (
        "users",
        "telegram.json users/77",
        "telegram",
        None,
    )
    assert record(row) == {
        "external_id": "77",
        "username": "Ann",
        "display_name": "Анна",
        "xp": 5,
        "coins": None,
        "discord_id": 123456789012345678,
        "achievements": ["first_win"],
        "last_daily": "2026-02-08T10:00:00",
    }


def test_values_of_a_wrong_type_are_passed_on_for_the_database_to_judge(tmp_path: Path) -> None:
    (row,) = telegram(tmp_path, {"77": {"telegram_id": 77, "xp": "many", "coins": 2**63, "achievements": {}}})
    assert record(row) == {"external_id": "77", "xp": "many", "coins": 2**63, "achievements": {}}


@pytest.mark.parametrize("inner", [{}, {"telegram_id": None}, {"telegram_id": "77"}, {"telegram_id": 77}])
def test_the_key_is_the_telegram_id_when_the_record_does_not_contradict(tmp_path: Path, inner: dict[str, Any]) -> None:
    (row,) = telegram(tmp_path, {"77": inner})
    assert record(row)["external_id"] == "77"


@pytest.mark.parametrize("inner", ["78", 78, "", True, 77.5, ["77"]])
def test_a_record_that_contradicts_its_key_is_rejected(tmp_path: Path, inner: object) -> None:
    (row,) = telegram(tmp_path, {"77": {"telegram_id": inner}})
    assert (row.record, row.reject_reason) == (
        None,
        "the id in the record is not the key that it stands under",
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("null", "the record is not an object"),
        ('"gone"', "the record is not an object"),
        ("[1, 2]", "the record is not an object"),
        ('{"xp": NaN}', "a number is not finite"),
        ('{"xp": -Infinity}', "a number is not finite"),
        ('{"xp": 1e999}', "a number is not finite"),
        (f'{{"xp": {"9" * 5000}}}', "a number is not finite"),
        (r'{"username": "a\u0000b"}', "a text holds a NUL character"),
        (r'{"achievements": ["\u0000"]}', "a text holds a NUL character"),
        (r'{"username": "\ud800"}', "a text is not valid Unicode"),
    ],
)
def test_what_jsonb_cannot_hold_is_rejected_with_a_reason_and_the_rest_is_read(
    tmp_path: Path, text: str, reason: str
) -> None:
    location = write(tmp_path, "telegram.json", f'{{"users": {{"77": {text}, "78": {{"telegram_id": 78}}}}}}')
    broken, sound = read("telegram-json", location)
    assert (broken.source_key, broken.record, broken.reject_reason) == (
        "telegram.json users/77",
        None,
        reason,
    )
    assert record(sound) == {"external_id": "78"}


def test_a_backslash_before_u0000_is_text_and_no_nul(tmp_path: Path) -> None:
    (row,) = telegram(tmp_path, {"77": {"username": r"C:\u0000"}})
    assert record(row)["username"] == r"C:\u0000"


def test_what_is_broken_outside_of_the_preset_does_no_harm(tmp_path: Path) -> None:
    location = write(tmp_path, "telegram.json", r'{"users": {"77": {"inventory": ["\u0000", NaN]}}}')
    (row,) = read("telegram-json", location)
    assert record(row) == {"external_id": "77"}


def test_a_key_that_stands_twice_is_read_twice_for_the_database_to_choose(tmp_path: Path) -> None:
    location = write(tmp_path, "telegram.json", '{"users": {"77": {"xp": 1}, "77": {"xp": 2}}, "users": {"77": {}}}')
    assert [record(row).get("xp") for row in read("telegram-json", location)] == [1, 2, None]


def test_a_key_with_a_nul_is_shown_without_it(tmp_path: Path) -> None:
    location = write(tmp_path, "telegram.json", r'{"users": {"7\u0000": {"telegram_id": "7"}}}')
    (row,) = read("telegram-json", location)
    assert row.source_key == "telegram.json users/7\N{REPLACEMENT CHARACTER}"
    assert row.reject_reason


def test_utf8_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "telegram.json"
    path.write_text('{"users": {"77": {"username": "Анна"}}}', encoding="utf-8-sig")
    (row,) = read("telegram-json", str(path))
    assert record(row)["username"] == "Анна"


def test_discord_users_and_voice_are_two_parts_of_one_account(tmp_path: Path) -> None:
    users = write(
        tmp_path,
        "user_data.json",
        {"users": {"5": {"id": "5", "username": "Ann", "last_daily": "2026-02-08T10:00:00"}}},
    )
    voice = {"total_time": 61.25, "sessions": [{"duration": 61.25}], "username": "Ann"}
    voices = write(tmp_path, "voice_data.json", {"users": {"5": voice}, "channels": {}})
    first, second = read("discord-json", f"{users},{voices}")
    assert (first.part, second.part) == ("users", "voice")
    assert (first.platform, second.platform) == ("discord", "discord")
    assert record(first) == {"external_id": "5", "username": "Ann", "last_daily": "2026-02-08T10:00:00"}
    assert second.source_key == "voice_data.json users/5"
    assert record(second) == {"external_id": "5", "username": "Ann", "total_voice_time": 61.25}
    assert [row.part for row in read("discord-json", users)] == ["users"]


def test_the_date_of_the_last_daily_comes_before_its_time(tmp_path: Path) -> None:
    user = {"id": "5", "last_daily": "2026-02-08T23:59:00", "last_daily_date": "2026-02-08"}
    other = {"id": "6", "last_daily": "2026-02-08T23:59:00", "last_daily_date": None}
    location = write(tmp_path, "user_data.json", {"users": {"5": user, "6": other}})
    assert [record(row)["last_daily"] for row in read("discord-json", location)] == [
        "2026-02-08",
        "2026-02-08T23:59:00",
    ]


def test_passwords_sessions_and_profiles_never_leave_the_source(tmp_path: Path) -> None:
    account = {
        "id": "1",
        "email": "Ann@Example.org",
        "username": "Ann",
        "password": "5e884898da28",
        "display_name": "Анна",
        "discord_id": None,
        "created_at": "2024-05-01T00:00:00",
        "profile": {"bio": "private"},
    }
    location = write(
        tmp_path, "accounts.json", {"accounts": {"1": account}, "sessions": {"token": {"account_id": "1"}}}
    )
    (row,) = read("website-json", location)
    assert (row.source_key, row.platform) == ("accounts.json accounts/1", "website")
    assert record(row) == {
        "external_id": "Ann@Example.org",
        "username": "Ann",
        "display_name": "Анна",
        "discord_id": None,
        "created_at": "2024-05-01T00:00:00",
    }


def test_copies_of_a_file_have_one_identity_and_other_content_has_another(tmp_path: Path) -> None:
    content = json.dumps({"users": {"5": {"id": "5"}}})
    places = [write(tmp_path, "a.json", content), write(tmp_path, "b.json", content)]
    one, copy = (open_source("discord-json", place) for place in places)
    other = open_source("discord-json", write(tmp_path, "c.json", content + " "))
    assert one.identity == copy.identity != other.identity
    assert one.label == "discord-json:a.json"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[]", "has no object users, which telegram-json reads; it has […]"),
        ('"users"', 'it has "users"'),
        ('{"accounts": {}, "sessions": {}}', "it has {accounts: {…}, sessions: {…}}"),
        ('{"users": []}', "it has {users: […]}"),
    ],
)
def test_json_of_another_shape_is_refused_with_what_was_found(tmp_path: Path, content: str, complaint: str) -> None:
    assert complaint in refusal("telegram-json", write(tmp_path, "telegram.json", content))


def test_files_of_another_program_or_in_another_order_are_refused(tmp_path: Path) -> None:
    users = write(tmp_path, "user_data.json", {"users": {"5": {"id": "5", "xp": 1}}})
    voices = write(tmp_path, "voice_data.json", {"users": {"5": {"total_time": 1.0}}, "channels": {}})
    others = write(tmp_path, "telegram.json", {"users": {"77": TELEGRAM}})
    assert "user_data.json has id: telegram-json reads another file" in refusal("telegram-json", users)
    assert "telegram.json has telegram_id" in refusal("discord-json", others)
    assert "voice_data.json has channels" in refusal("discord-json", f"{voices},{users}")


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "gone.json"
    assert f"There is no file {path}." in refusal("telegram-json", str(path))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal("telegram-json", str(tmp_path))


def test_more_files_than_the_preset_reads_are_refused() -> None:
    assert "reads 2 file(s), but 3 were given" in refusal("discord-json", "a.json,b.json,c.json")


def test_bad_json_is_refused_with_line_and_column(tmp_path: Path) -> None:
    location = write(tmp_path, "telegram.json", '{"users": {\n  "77": {"xp": 1,}\n}}')
    message = refusal("telegram-json", location)
    assert f"{location} is not valid JSON: line 2, column" in message


def test_json_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    assert "nested too deeply" in refusal("telegram-json", write(tmp_path, "deep.json", "[" * 100_000))


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "telegram.json"
    path.write_bytes('{"users": {"77": {"username": "Анна"}}}'.encode("cp1251"))
    assert "is not UTF-8 text (byte 31)" in refusal("telegram-json", str(path))

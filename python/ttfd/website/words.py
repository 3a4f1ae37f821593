"""What things are called: metrics, events, settings, and what a line of the audit log tells.

The texts are those of the catalogues; `language` says them in the visitor's language. What is not listed here (a type
of event that an administrator has added) is shown by its own name.
"""

from __future__ import annotations

from ..names import EVENTS, METRICS, NOTES, marked

__all__ = [
    "ACTIONS",
    "CONFLICTS",
    "DETAILS",
    "EVENTS",
    "FAILURES",
    "METRICS",
    "NOTES",
    "PLATFORMS",
    "RULE_FIELDS",
    "SEASONS",
    "SETTINGS",
    "VALUES",
    "VIOLATIONS",
]


SEASONS = {
    "planned": marked("planned"),
    "running": marked("running"),
    "ended": marked("ended, not settled yet"),
    "closed": marked("closed"),
}

CONFLICTS = {
    "links_contradict": marked("its links contradict each other"),
    "two_users": marked("two members claim it"),
    "ambiguous_username": marked("several have this name"),
    "other_id_known": marked("another account of it is known"),
    "malformed_link": marked("its link cannot be read"),
    "amount_below_zero": marked("an amount is below zero"),
}

RULE_FIELDS = {
    "xp": marked("XP"),
    "coins": marked("Coins"),
    "per_seconds": marked("For so many seconds"),
    "max_seconds": marked("Longest session, seconds"),
    "cooldown_seconds": marked("Once in so many seconds"),
    "daily_xp_cap": marked("Most XP a day"),
    "stated_xp_max": marked("Most XP that a bot may state"),
    "stated_coins_max": marked("Most coins that a bot may state"),
}

PLATFORMS = {"telegram": "Telegram", "discord": "Discord", "website": marked("Website")}

SETTINGS = {
    "award_maximum": marked("Most XP, and most coins, that one award may grant."),
    "daily_coins": marked("Coins of a daily claim, before the bonus."),
    "daily_freeze_days": marked("Days of a streak that earn one freeze."),
    "daily_freezes_max": marked("Most freezes that a member keeps."),
    "daily_streak_bonus": marked("Percent that each further day of a streak adds to a daily claim."),
    "daily_streak_bonus_max": marked("Most percent that a streak adds to a daily claim."),
    "daily_xp": marked("XP of a daily claim, before the bonus."),
    "keep_award_windows_days": marked(
        "Days for which a cooldown or daily cap holds for late events. "
        "An event that arrives later than that may earn in a window that has earned."
    ),
    "keep_boosts_days": marked("Days for which a boost that has ended is kept for late events."),
    "keep_discarded_days": marked("Days for which a discarded event is kept; its id stays known after that."),
    "keep_import_rows_days": marked(
        "Days for which rejected legacy records are kept; the report of their import says why for good."
    ),
    "keep_link_codes_days": marked("Days for which a used or expired link code is told from one that never was."),
    "keep_link_failures_days": marked("Days for which refused link codes are kept. They count for 15 minutes."),
    "keep_merge_journal_days": marked(
        "Days for which a merge keeps what undoing it took. It can be undone for 7 days."
    ),
    "keep_transfer_counts_days": marked("Days for which it is kept how many coins a member has sent in a day."),
    "transfer_daily_limit": marked("Most coins that a member sends in one UTC day."),
    "transfer_fee_percent": marked("Percent that the sender of a transfer pays on top, rounded up to whole coins."),
    "transfer_minimum": marked("Fewest coins of a transfer."),
    "work_coins": marked("Coins that work pays: fewest and most."),
    "work_cooldown_seconds": marked("Work pays once in each clock-aligned window of this many seconds."),
    "work_xp": marked("XP that work earns: least and most."),
}

VIOLATIONS = {
    "xp": marked("XP is not the sum of the events"),
    "coins": marked("Coins are not the sum of the events"),
    "orphan_events": marked("Events of a member who does not exist"),
    "rank": marked("The rank does not follow the XP"),
    "accounts": marked("Shown accounts are not the linked ones"),
    "no_account": marked("A member without an account"),
    "forgotten": marked("Something is left of a forgotten member"),
    "merged_account": marked("A merged member still has an account"),
    "merged_balance": marked("A merged member still has a balance"),
    "merged_twice": marked("A merge leads to another merge"),
    "import": marked("An opening balance is not what was imported"),
    "standing": marked("The leaderboard shows another value"),
    "count": marked("A count of the leaderboard is wrong"),
    "achievements": marked("Shown achievements are not the unlocked ones"),
    "event_twice": marked("An event is there twice"),
    "feed": marked("The feed has a gap"),
}

FAILURES = {
    "TE001": marked("There is no such event, or it is switched off."),
    "TE003": marked("It states an amount that it may not state."),
    "TU001": marked("There is no such member."),
    "22003": marked("A number in it is too large."),
    "22004": marked("Something is missing in it."),
    "22008": marked("Its time is not possible."),
    "22023": marked("A value in it is not allowed."),
}
"""By the SQLSTATE that an event failed with."""

ACTIONS = {
    "account_linked": marked("Account linked"),
    "account_unlinked": marked("Account unlinked"),
    "accounts_merged": marked("Accounts merged"),
    "merge_undone": marked("Merge undone"),
    "user_forgotten": marked("Account forgotten"),
    "website_admin_changed": marked("Administrators changed"),
    "setting_changed": marked("Setting changed"),
    "event_type_insert": marked("Rule of an event added"),
    "event_type_update": marked("Rule of an event changed"),
    "event_type_delete": marked("Rule of an event removed"),
    "boost_insert": marked("Boost started"),
    "boost_update": marked("Boost changed"),
    "boost_delete": marked("Boost removed"),
    "season_started": marked("Season started"),
    "season_closed": marked("Season closed"),
    "season_settings_insert": marked("Seasons set up"),
    "season_settings_update": marked("Seasons set up"),
    "season_settings_delete": marked("Seasons set up"),
    "season_reward_insert": marked("Reward of a season added"),
    "season_reward_update": marked("Reward of a season changed"),
    "season_reward_delete": marked("Reward of a season removed"),
    "achievement_insert": marked("Achievement added"),
    "achievement_update": marked("Achievement changed"),
    "achievement_delete": marked("Achievement removed"),
    "shop_item_insert": marked("Item of the shop added"),
    "shop_item_update": marked("Item of the shop changed"),
    "shop_item_delete": marked("Item of the shop removed"),
    "role_reward_insert": marked("Role for a rank or achievement added"),
    "role_reward_update": marked("Role for a rank or achievement changed"),
    "role_reward_delete": marked("Role for a rank or achievement removed"),
    "ranks_changed": marked("Ranks changed"),
    "balance_adjusted": marked("Balance adjusted by an administrator"),
    "adjustment_reverted": marked("Adjustment taken back"),
    "failed_event_retried": marked("Failed event tried again"),
    "failed_event_discarded": marked("Failed event discarded"),
    "events_compacted": marked("Old events compacted"),
    "import_conflict_settled": marked("Conflict of an import settled"),
    "import_undone": marked("Import undone"),
    "epoch_renewed": marked("The database was restored: open pages and bots start afresh"),
}

DETAILS = {
    "name": marked("Name"),
    "user_id": marked("Member"),
    **RULE_FIELDS,
    "title_ru": marked("Title (Russian)"),
    "title_en": marked("Title (English)"),
    "description_ru": marked("Description (Russian)"),
    "description_en": marked("Description (English)"),
    "into_id": marked("Stays"),
    "from_id": marked("Was merged"),
    "platform": marked("Platform"),
    "platforms": marked("Platforms"),
    "method": marked("How"),
    "reason": marked("Reason"),
    "event_type": marked("Event"),
    "event_types": marked("Events"),
    "factor": marked("Factor"),
    "starts_at": marked("From"),
    "ends_at": marked("Until"),
    "closed_at": marked("Closed"),
    "is_enabled": marked("Switched on"),
    "is_boostable": marked("Boosts multiply it"),
    "is_admin_only": marked("For administrators only"),
    "allows_negative": marked("May take away"),
    "is_admin": marked("Administrator"),
    "is_hidden": marked("Hidden"),
    "is_automatic": marked("Next season by itself"),
    "length": marked("Length"),
    "grace": marked("Time for late events"),
    "counter": marked("Counts as"),
    "metric": marked("Measure"),
    "threshold": marked("Threshold"),
    "price": marked("Price"),
    "stock_total": marked("Stock"),
    "member_limit": marked("Most for one member"),
    "duration_seconds": marked("Seconds that it lasts"),
    "effect": marked("Effect"),
    "sort_order": marked("Place in the list"),
    "from_place": marked("From place"),
    "to_place": marked("To place"),
    "participants": marked("Players"),
    "settlement": marked("Settled as"),
    "accounts": marked("Accounts"),
    "users": marked("Members"),
    "events": marked("Events"),
    "season_id": marked("Season"),
    "run_id": marked("Import"),
    "event_id": marked("Event id"),
    "merge_id": marked("Merge"),
    "spent_xp": marked("XP spent meanwhile"),
    "spent_coins": marked("Coins spent meanwhile"),
    "ranks": marked("Ranks"),
    "id": marked("Number"),
}
"""What a line of the audit log may hold, in the order in which it is told."""

VALUES = {
    "method": {
        "first_contact": marked("first contact"),
        "code": marked("by a code"),
        "verified": marked("by logging in"),
        "import_id": marked("by an import, by its id"),
        "import_username": marked("by an import, by its name"),
        "merge": marked("by a merge"),
    },
    "settlement": {"together": marked("the same person"), "apart": marked("somebody else")},
    "counter": METRICS,
    "metric": {
        **METRICS,
        "streak": marked("Daily streak"),
        "seasons": marked("Seasons"),
        "season_place": marked("Place in a season"),
    },
}

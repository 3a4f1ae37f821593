-- Two kinds, because a rank must not hide from a member that an account was linked.
CREATE OR REPLACE FUNCTION ttfd.announced_kind(p_event_type text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN p_event_type IN ('rank_up', 'achievement_unlock', 'season_reward') THEN 'progress'
           WHEN p_event_type IN ('account_linked', 'account_unlinked', 'accounts_merged', 'merge_undone') THEN 'account'
           WHEN p_event_type = 'season_closed' THEN 'season'
         END;
$$;

COMMENT ON FUNCTION ttfd.announced_kind(text) IS
  'What an event is as an announcement: progress, account or season; NULL for what is not announced.';

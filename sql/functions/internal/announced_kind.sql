-- Two kinds, because a rank must not hide from a member that an account was linked. Both users of a merge have an event of
-- it, for the amounts; and whoever joins on a platform was answered there.
CREATE OR REPLACE FUNCTION ttfd.announced_kind(
  p_platform text, p_user_id bigint, p_event_type text, p_data jsonb, p_has_paid boolean)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
           WHEN p_event_type IN ('rank_up', 'achievement_unlock')
             OR p_event_type = 'season_reward' AND p_has_paid THEN 'progress'
           WHEN p_event_type IN ('account_unlinked', 'merge_undone')
             OR p_event_type = 'account_linked' AND p_data ->> 'platform' <> p_platform
             OR p_event_type = 'accounts_merged' AND (p_data ->> 'into_id')::bigint = p_user_id THEN 'account'
           WHEN p_event_type = 'season_closed' THEN 'season'
         END;
$$;

COMMENT ON FUNCTION ttfd.announced_kind(text, bigint, text, jsonb, boolean) IS
  'What an event is as an announcement of a platform: progress, account or season; NULL for what is not announced there.';

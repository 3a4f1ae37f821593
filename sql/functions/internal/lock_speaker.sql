-- One statement for the account that is known and free; whoever is new, busy or merged takes the long way. Columns by name,
-- because a statement that fetches a whole member spends more on its forty columns than on the row.
CREATE OR REPLACE FUNCTION ttfd.lock_speaker(p_platform text, p_external_id text, p_event_type text, p_at timestamptz)
RETURNS record
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_user record;
BEGIN
  SELECT u.id, u.xp, u.coins, u.next_rank_xp, u.highest_rank_id, u.season_id, t AS rule
    INTO v_user
    FROM ttfd.platform_accounts a
    JOIN ttfd.platforms p ON p.name = a.platform
    JOIN ttfd.unified_users u ON u.id = a.user_id
    LEFT JOIN ttfd.event_type_versions t ON t.name = p_event_type AND t.valid_from <= p_at AND t.valid_to > p_at
   WHERE a.platform = p_platform
     AND a.external_id = p_external_id
     AND ttfd.may_speak(p.role_name)
     AND u.forgotten_at IS NULL
     AND coalesce(u.merged_into, u.id) = u.id
     FOR NO KEY UPDATE OF u SKIP LOCKED;
  IF NOT FOUND THEN
    SELECT u.id, u.xp, u.coins, u.next_rank_xp, u.highest_rank_id, u.season_id, ttfd.find_rule(p_event_type, p_at) AS rule
      INTO v_user
      FROM ttfd.lock_user(ttfd.resolve_user(p_platform, p_external_id)) u;
  END IF;
  RETURN v_user;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_speaker(text, text, text, timestamptz) IS
  'Locks the user behind a platform account, created at first contact. Returns what a grant has to know: id, xp, coins, next_rank_xp, highest_rank_id, season_id, and the rule of the event type. Raises TP001, TU002.';

-- One statement for the account that is known and free; whoever is new, busy or merged takes the long way. Columns by name,
-- because a statement that fetches a whole member spends more on its forty columns than on the row.
CREATE OR REPLACE FUNCTION ttfd.lock_speaker(p_platform text, p_external_id text, p_event_type text, p_at timestamptz)
RETURNS ttfd.speaker
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_speaker ttfd.speaker;
BEGIN
  SELECT u.id, u.xp, u.coins, u.next_rank_xp, u.highest_rank_id, u.season_id,
         (SELECT t FROM ttfd.event_type_versions t WHERE t.name = p_event_type AND t.valid_from <= p_at AND t.valid_to > p_at)
    INTO v_speaker
    FROM ttfd.unified_users u
   WHERE u.id = (SELECT a.user_id
                   FROM ttfd.platform_accounts a
                   JOIN ttfd.platforms p ON p.name = a.platform
                  WHERE a.platform = p_platform AND a.external_id = p_external_id AND ttfd.may_speak(p.role_name))
     AND u.forgotten_at IS NULL
     AND coalesce(u.merged_into, u.id) = u.id
     FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    SELECT u.id, u.xp, u.coins, u.next_rank_xp, u.highest_rank_id, u.season_id, ttfd.find_rule(p_event_type, p_at)
      INTO v_speaker
      FROM ttfd.lock_user(ttfd.resolve_user(p_platform, p_external_id)) u;
  END IF;
  RETURN v_speaker;
END;
$$;

COMMENT ON FUNCTION ttfd.lock_speaker(text, text, text, timestamptz) IS
  'Locks the user behind a platform account, created at first contact. Returns what a grant has to know of it, and the rule of the event type. Raises TP001, TU002.';

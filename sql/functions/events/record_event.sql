-- The path of a chatty bot: resolve, look at the rule, queue. The id is looked for among the applied events only after
-- the insert, because READ COMMITTED then sees what process_events has moved meanwhile.
CREATE OR REPLACE FUNCTION ttfd.record_event(
  p_event_id uuid, p_platform text, p_external_id text, p_event_type text, p_data jsonb DEFAULT '{}')
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_data jsonb := coalesce(p_data, '{}');
  v_user_id bigint := resolve_user(p_platform, p_external_id);
  v_outcome event_outcome;
BEGIN
  PERFORM require_read_committed();
  IF NOT check_event(p_event_id, p_event_type, find_rule(p_event_type, v_now), v_data, v_now)
     OR NOT insert_event(p_event_id, v_user_id, p_event_type, p_platform, v_data, NULL, NULL, NULL, NULL, v_now) THEN
    RETURN find_outcome(p_event_id, v_user_id, p_event_type, p_platform, v_data, NULL);
  END IF;
  SELECT p_event_id, u.id, 'queued', NULL, NULL, NULL, u.xp, u.coins, u.rank_id, false INTO v_outcome
    FROM unified_users u WHERE u.id = v_user_id;
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.record_event(uuid, text, text, text, jsonb) IS
  'Queues an event of a platform account, which is created at first contact. Returns event_id, user_id, status (queued; duplicate with the first outcome when the id was sent before), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises TE001 for an unknown or disabled type, TE002 when the id was used with other content, TE003 for an amount that may not be stated, 22003 and 22023 for data of the wrong form, 54000 for data of more than 64 KiB, 22004 without an id, TU002, TP001. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.record_event(uuid, text, text, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.record_event(uuid, text, text, text, jsonb)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

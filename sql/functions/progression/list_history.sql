CREATE OR REPLACE FUNCTION ttfd.list_history(p_user_id bigint, p_before bigint DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS TABLE (
  "position" bigint, event_type text, source_platform text, xp bigint, coins bigint, note text, occurred_at timestamptz,
  event_id uuid, data jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user_id bigint;
BEGIN
  SELECT coalesce(u.merged_into, u.id) INTO v_user_id FROM unified_users u WHERE u.id = p_user_id AND u.forgotten_at IS NULL;
  IF NOT FOUND THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  RETURN QUERY
  SELECT e.position, e.event_type, e.source_platform, e.xp, e.coins, e.note, e.occurred_at, e.id, e.data
    FROM cross_platform_events_processed e
   WHERE e.user_id = v_user_id
     AND e.position < coalesce(p_before, 9223372036854775807)
   ORDER BY e.position DESC
   LIMIT least(greatest(p_limit, 0), 1000);
END;
$$;

COMMENT ON FUNCTION ttfd.list_history(bigint, bigint, integer) IS
  'What a member''s balance is made of, newest first: every applied event with what it granted and the note why not more (cooldown, daily_cap, idle, disabled). Returns position, event_type, source_platform, xp, coins, note, occurred_at, event_id, data; give the position of the last row as p_before for the next page (at most 1,000 rows). Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_history(bigint, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_history(bigint, bigint, integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

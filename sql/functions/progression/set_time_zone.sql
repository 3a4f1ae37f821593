-- Nothing else to do here: assess_daily remembers the zone of the last claim and deals with a change.
CREATE OR REPLACE FUNCTION ttfd.set_time_zone(p_user_id bigint, p_time_zone text)
RETURNS TABLE (user_id bigint, time_zone text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  -- Before the lock, because the view reads hundreds of files.
  SELECT z.name INTO time_zone FROM pg_timezone_names z WHERE lower(z.name) = lower(btrim(p_time_zone));
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown time zone "%"', p_time_zone
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use a name such as Europe/Moscow.';
  END IF;
  user_id := (lock_represented_user(p_user_id)).id;
  UPDATE unified_users u SET time_zone = set_time_zone.time_zone WHERE u.id = set_time_zone.user_id;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.set_time_zone(bigint, text) IS
  'Sets where a member''s days begin and end. Never allows a second daily claim, see claim_daily. Returns user_id, time_zone (as PostgreSQL spells it). Raises 22023 for an unknown zone, TU001, TP001 when the user has no account for which the caller may speak.';

REVOKE ALL ON FUNCTION ttfd.set_time_zone(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_time_zone(bigint, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

CREATE OR REPLACE FUNCTION ttfd.get_account(p_user_id bigint)
RETURNS TABLE (
  user_id bigint, is_hidden boolean, time_zone text, daily_streak integer, streak_freezes smallint, is_daily_due boolean,
  next_daily_at timestamptz, language text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users := find_survivor(p_user_id);
BEGIN
  RETURN QUERY
  SELECT v_user.id, v_user.is_hidden, v_user.time_zone, v_user.daily_streak, v_user.streak_freezes, d.is_due,
         CASE WHEN isfinite(d.next_at) THEN d.next_at END,
         (SELECT p.language
            FROM platform_accounts a
            JOIN account_preferences p ON (p.platform, p.external_id) = (a.platform, a.external_id)
           WHERE a.user_id = v_user.id AND p.language IS NOT NULL
           ORDER BY p.changed_at DESC, p.platform
           LIMIT 1)
    FROM assess_daily(v_user, ttfd.current_time()) d;
END;
$$;

COMMENT ON FUNCTION ttfd.get_account(bigint) IS
  'What only the member sees: settings, and whether the daily reward is due. Returns user_id, is_hidden, time_zone, daily_streak, streak_freezes, is_daily_due, next_daily_at (NULL before the first claim), language (ru, en, the one chosen last on any platform; NULL for none). Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.get_account(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_account(bigint) TO ttfd_website, ttfd_admin;

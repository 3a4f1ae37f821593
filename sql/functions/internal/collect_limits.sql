-- Only what can still matter: a window that is over grants nothing to anybody.
CREATE OR REPLACE FUNCTION ttfd.collect_limits(p_user_ids bigint[])
RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (
    SELECT jsonb_build_object(
             'last_daily', max(u.last_daily),
             'last_daily_at', max(u.last_daily_at),
             'last_daily_zone', (array_agg(u.last_daily_zone ORDER BY u.last_daily_at DESC NULLS LAST))[1],
             'highest_rank_id', max(u.highest_rank_id),
             'achievements', (SELECT coalesce(jsonb_agg(DISTINCT k.achievement), '[]')
                                FROM ttfd.user_achievements k
                               WHERE k.user_id = ANY (p_user_ids)),
             'windows', (SELECT coalesce(jsonb_agg(to_jsonb(w) - 'user_id'), '[]')
                           FROM ttfd.award_windows w
                           LEFT JOIN ttfd.event_types t ON t.name = w.event_type
                           LEFT JOIN ttfd.games g ON 'game:' || g.name = w.event_type
                          WHERE w.user_id = ANY (p_user_ids)
                            AND w.starts_at + make_interval(secs => CASE WHEN w.is_daily THEN 86400
                                                                            WHEN w.event_type = 'work' THEN ttfd.read_setting('work_cooldown_seconds')
                                                                            ELSE coalesce(t.cooldown_seconds, g.cooldown_seconds) END)
                                > ttfd.current_time()),
             'transfers', (SELECT coalesce(jsonb_agg(to_jsonb(t) - 'user_id'), '[]')
                             FROM ttfd.transfer_days t
                            WHERE t.user_id = ANY (p_user_ids) AND t.day >= (ttfd.current_time() AT TIME ZONE 'UTC')::date))
      FROM ttfd.unified_users u
     WHERE u.id = ANY (p_user_ids));
END;
$$;

COMMENT ON FUNCTION ttfd.collect_limits(bigint[]) IS
  'What a member must not get twice: the last daily claim, highest_rank_id (rewards up to it are paid), the achievements that are paid, the award windows that are open, and the coins sent today.';

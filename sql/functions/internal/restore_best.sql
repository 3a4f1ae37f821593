-- The counterpart of take_best: what is as the merge left it goes back to what it was before; what was reached since stays.
-- next_rank_xp is set so that the rank is looked at anew: a rank above the restored one that the survivor's own XP
-- has reached since was hidden by the merged XP, and is paid now.
CREATE OR REPLACE FUNCTION ttfd.restore_best(
  p_into_id bigint, p_before ttfd.unified_users, p_after ttfd.unified_users)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET xp = u.xp,
         next_rank_xp = u.xp,
         highest_rank_id = CASE WHEN u.highest_rank_id = p_after.highest_rank_id THEN p_before.highest_rank_id
                                ELSE u.highest_rank_id END,
         achievements = ARRAY(
           SELECT a.name
             FROM unnest(u.achievements) WITH ORDINALITY a (name, place)
            WHERE a.name = ANY (p_before.achievements) OR a.name <> ALL (p_after.achievements)
            ORDER BY a.place),
         daily_streak = d.daily_streak,
         streak_freezes = d.streak_freezes,
         last_daily = d.last_daily,
         last_daily_at = d.last_daily_at,
         last_daily_zone = d.last_daily_zone,
         is_hidden = CASE WHEN u.is_hidden = p_after.is_hidden THEN p_before.is_hidden ELSE u.is_hidden END,
         xp_since = CASE WHEN u.xp_since = p_after.xp_since THEN p_before.xp_since ELSE u.xp_since END,
         created_at = CASE WHEN u.created_at = p_after.created_at THEN p_before.created_at ELSE u.created_at END,
         last_active = CASE WHEN u.last_active = p_after.last_active THEN p_before.last_active ELSE u.last_active END
    FROM (SELECT (CASE WHEN (s.daily_streak, s.last_daily) IS NOT DISTINCT FROM (p_after.daily_streak, p_after.last_daily)
                       THEN p_before ELSE s END).*
            FROM ttfd.unified_users s
           WHERE s.id = p_into_id) d
   WHERE u.id = p_into_id;
END;
$$;

COMMENT ON FUNCTION ttfd.restore_best(bigint, ttfd.unified_users, ttfd.unified_users) IS
  'Takes back from the survivor of a merge what take_best gave it, and leaves what it reached since.';

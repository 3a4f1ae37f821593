-- What does not add up: the better of the two, and achievements of both. restore_best takes it back.
-- Who was hidden on one side stays hidden on both: to show oneself takes a word.
-- A streak that had ended when the other was alive stays ended.
CREATE OR REPLACE FUNCTION ttfd.take_best(p_into_id bigint, p_from ttfd.unified_users)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.unified_users u
     SET highest_rank_id = greatest(u.highest_rank_id, p_from.highest_rank_id),
         achievements = u.achievements || ARRAY(
           SELECT a.name
             FROM unnest(p_from.achievements) WITH ORDINALITY a (name, place)
            WHERE a.name <> ALL (u.achievements)
            ORDER BY a.place),
         daily_streak = CASE WHEN u.last_daily > p_from.last_daily + 1 THEN u.daily_streak
                             WHEN p_from.last_daily > u.last_daily + 1 THEN p_from.daily_streak
                             ELSE greatest(u.daily_streak, p_from.daily_streak) END,
         streak_freezes = greatest(u.streak_freezes, p_from.streak_freezes),
         last_daily = greatest(u.last_daily, p_from.last_daily),
         last_daily_at = greatest(u.last_daily_at, p_from.last_daily_at),
         last_daily_zone = CASE WHEN p_from.last_daily_at > u.last_daily_at OR u.last_daily_at IS NULL
                                THEN p_from.last_daily_zone ELSE u.last_daily_zone END,
         created_at = least(u.created_at, p_from.created_at),
         last_active = greatest(u.last_active, p_from.last_active),
         is_hidden = u.is_hidden OR p_from.is_hidden
   WHERE u.id = p_into_id;
END;
$$;

COMMENT ON FUNCTION ttfd.take_best(bigint, ttfd.unified_users) IS
  'Gives the survivor of a merge the better ranks, streaks and dates of the two, and the achievements of both.';

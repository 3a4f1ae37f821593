-- The primary key of user_achievements is what makes it once. What is already shown (imported, or carried over by a merge)
-- is settled as it is. Rewards may raise a rank, which the trigger pays, and reach further achievements: the event of the
-- reward passes through a batch, which looks at its member again.
CREATE OR REPLACE FUNCTION ttfd.settle_achievements(p_user_ids bigint[], p_is_paid boolean)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
SET enable_hashjoin = on  -- A batch has it off.
SET jit = off
AS $$
DECLARE
  v_members bigint;
BEGIN
  WITH due AS MATERIALIZED (
    SELECT p.user_id, a.name, a.sort_order, a.xp, a.coins
      FROM ttfd.achievement_progress(p_user_ids) p
      JOIN ttfd.achievements a ON a.name = p.name
     WHERE p.is_reached AND NOT p.is_shown
  ), unlocked AS (
    INSERT INTO ttfd.user_achievements AS k (user_id, achievement, unlocked_at)
    SELECT d.user_id, d.name, ttfd.current_time() FROM due d
    ON CONFLICT (user_id, achievement) DO NOTHING
    RETURNING k.user_id, k.achievement
  ), summed AS MATERIALIZED (
    SELECT d.user_id,
           array_agg(d.name ORDER BY d.sort_order, d.name) AS shown,
           jsonb_agg(d.name ORDER BY d.sort_order, d.name) FILTER (WHERE k.user_id IS NOT NULL AND p_is_paid) AS paid,
           coalesce(sum(d.xp) FILTER (WHERE k.user_id IS NOT NULL AND p_is_paid), 0)::bigint AS xp,
           coalesce(sum(d.coins) FILTER (WHERE k.user_id IS NOT NULL AND p_is_paid), 0)::bigint AS coins
      FROM due d
      LEFT JOIN unlocked k ON k.user_id = d.user_id AND k.achievement = d.name
     GROUP BY d.user_id
  ), told AS (
    INSERT INTO ttfd.cross_platform_events_pending (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
    SELECT ttfd.generate_event_id(), s.user_id, 'achievement_unlock', 'system',
           jsonb_build_object('achievements', s.paid), s.xp, s.coins, ttfd.current_time()
      FROM summed s
     WHERE s.paid IS NOT NULL
     ORDER BY s.user_id
  ), shown AS (
    UPDATE ttfd.unified_users u
       SET achievements = u.achievements || s.shown, xp = u.xp + s.xp, coins = u.coins + s.coins,
           xp_since = CASE WHEN s.xp = 0 THEN u.xp_since ELSE greatest(u.xp_since, ttfd.current_time()) END
      FROM summed s
     WHERE u.id = s.user_id AND u.id = ANY (p_user_ids)  -- or the plan may read every member
    RETURNING 1
  )
  SELECT count(*) INTO v_members FROM shown;
  RETURN v_members;
END;
$$;

COMMENT ON FUNCTION ttfd.settle_achievements(bigint[], boolean) IS
  'Unlocks whatever these members, who are locked, have reached. Paid, it is an event achievement_unlock for each of them; unpaid (imports, merges) it is silent. Returns how many members it changed.';

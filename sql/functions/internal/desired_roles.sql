CREATE OR REPLACE FUNCTION ttfd.desired_roles(p_platform text, p_external_ids text[])
RETURNS TABLE (user_id bigint, external_id text, role_ids text[], other_role_ids text[])
LANGUAGE sql STABLE
AS $$
  SELECT a.user_id, a.external_id,
         coalesce(array_agg(r.role_id ORDER BY r.role_id) FILTER (WHERE r.is_due), '{}'),
         coalesce(array_agg(r.role_id ORDER BY r.role_id) FILTER (WHERE NOT r.is_due), '{}')
    FROM ttfd.platform_accounts a
    JOIN ttfd.unified_users u ON u.id = a.user_id
    LEFT JOIN LATERAL (
           SELECT w.role_id, bool_or(w.is_due) IS TRUE AS is_due
             FROM (SELECT g.role_id, u.rank_id BETWEEN g.rank_id AND coalesce(g.last_rank_id, u.rank_id)
                                     OR g.achievement = ANY (u.achievements)
                     FROM ttfd.role_rewards g
                    WHERE g.platform = p_platform
                    UNION ALL
                   SELECT i.effect -> 'role' ->> p_platform, false FROM ttfd.shop_items i WHERE i.effect -> 'role' ? p_platform
                    UNION ALL
                   SELECT b.effect -> 'role' ->> p_platform,
                          b.starts_at <= ttfd.current_time() AND coalesce(b.expires_at, 'infinity') > ttfd.current_time()
                     FROM ttfd.purchases b
                    WHERE b.user_id = u.id AND b.effect -> 'role' ? p_platform) w (role_id, is_due)
            WHERE NOT EXISTS (SELECT 1 FROM ttfd.removed_roles m
                               WHERE m.platform = p_platform AND m.external_id = a.external_id AND m.role_id = w.role_id)
            GROUP BY w.role_id) r ON true
   WHERE a.platform = p_platform AND a.external_id = ANY (p_external_ids)
   GROUP BY a.user_id, a.external_id;
$$;

COMMENT ON FUNCTION ttfd.desired_roles(text, text[]) IS
  'Roles that accounts of a platform ought to have, and those that are for others; neither names what was removed by hand.';

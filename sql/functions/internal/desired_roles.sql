-- An account that was unlinked is nobody's and ought to have nothing: what it was given is for others now.
CREATE OR REPLACE FUNCTION ttfd.desired_roles(p_platform text, p_external_ids text[])
RETURNS TABLE (user_id bigint, external_id text, role_ids text[], other_role_ids text[], given_role_ids text[],
               given_at timestamptz[])
LANGUAGE sql STABLE
AS $$
  SELECT a.user_id, i.external_id,
         coalesce(array_agg(r.role_id ORDER BY r.role_id) FILTER (WHERE r.is_due), '{}'),
         coalesce(array_agg(r.role_id ORDER BY r.role_id) FILTER (WHERE NOT r.is_due), '{}'),
         coalesce(array_agg(r.role_id ORDER BY r.role_id) FILTER (WHERE r.given_at IS NOT NULL), '{}'),
         coalesce(array_agg(r.given_at ORDER BY r.role_id) FILTER (WHERE r.given_at IS NOT NULL), '{}')
    FROM unnest(p_external_ids) i (external_id)
    LEFT JOIN ttfd.platform_accounts a ON a.platform = p_platform AND a.external_id = i.external_id
    LEFT JOIN ttfd.unified_users u ON u.id = a.user_id
    LEFT JOIN LATERAL (
           SELECT w.role_id, g.given_at, bool_or(w.is_due) IS TRUE AS is_due
             FROM (SELECT k.role_id, u.rank_id BETWEEN k.rank_id AND coalesce(k.last_rank_id, u.rank_id)
                                     OR k.achievement = ANY (u.achievements)
                     FROM ttfd.role_rewards k
                    WHERE k.platform = p_platform
                    UNION ALL
                   SELECT s.effect -> 'role' ->> p_platform, false FROM ttfd.shop_items s WHERE s.effect -> 'role' ? p_platform
                    UNION ALL
                   SELECT b.effect -> 'role' ->> p_platform,
                          b.starts_at <= ttfd.current_time() AND coalesce(b.expires_at, 'infinity') > ttfd.current_time()
                     FROM ttfd.purchases b
                    WHERE b.user_id = u.id AND b.effect -> 'role' ? p_platform) w (role_id, is_due)
             LEFT JOIN ttfd.given_roles g
                    ON (g.platform, g.external_id, g.role_id) = (p_platform, i.external_id, w.role_id)
            WHERE (u.id IS NOT NULL OR g.role_id IS NOT NULL)
              AND NOT EXISTS (SELECT 1 FROM ttfd.removed_roles m
                               WHERE m.platform = p_platform AND m.external_id = i.external_id AND m.role_id = w.role_id)
            GROUP BY w.role_id, g.given_at) r ON true
   WHERE a.user_id IS NOT NULL OR r.role_id IS NOT NULL
   GROUP BY a.user_id, i.external_id;
$$;

COMMENT ON FUNCTION ttfd.desired_roles(text, text[]) IS
  'Roles that accounts of a platform ought to have, those that are for others, and those of both that they were given, with the time; none names what was removed by hand.';

-- What happens to a member's accounts is told whatever was chosen: somebody else may have done it.
-- After an outage the newest is told and no more: of what is older than 15 minutes the last of each kind for each member.
CREATE OR REPLACE FUNCTION ttfd.list_announceable(p_platform text, p_after bigint, p_until bigint, p_limit integer)
RETURNS TABLE ("position" bigint, user_id bigint, external_id text, audience text)
LANGUAGE sql STABLE
AS $$
  SELECT e.position, coalesce(u.id, 0), a.external_id,
         CASE WHEN e.user_id = 0 THEN 'public'
              WHEN k.kind = 'account' OR t.is_old OR u.is_hidden THEN 'private'
              ELSE coalesce(p.announcements, 'private') END
    FROM ttfd.cross_platform_events_processed e
   CROSS JOIN LATERAL (SELECT e.occurred_at < ttfd.current_time() - INTERVAL '15 minutes') t (is_old)
   CROSS JOIN LATERAL (
           SELECT ttfd.announced_kind(p_platform, e.user_id, e.event_type, e.data, e.xp > 0 OR e.coins > 0)) k (kind)
    LEFT JOIN ttfd.unified_users asked ON asked.id = e.user_id
    LEFT JOIN ttfd.unified_users u ON u.id = coalesce(asked.merged_into, asked.id)
    LEFT JOIN ttfd.platform_accounts a ON a.user_id = u.id AND a.platform = p_platform
    LEFT JOIN ttfd.account_preferences p ON (p.platform, p.external_id) = (a.platform, a.external_id)
   WHERE e.position > p_after AND e.position <= p_until
     AND k.kind IS NOT NULL
     AND e.occurred_at > ttfd.current_time() - INTERVAL '7 days'
     AND (e.user_id = 0
          OR a.external_id IS NOT NULL AND (k.kind = 'account' OR p.announcements IS DISTINCT FROM 'off'))
     AND NOT (t.is_old AND EXISTS (
           SELECT 1
             FROM ttfd.cross_platform_events_processed later
            WHERE later.user_id = e.user_id AND later.position > e.position
              AND ttfd.announced_kind(
                    p_platform, later.user_id, later.event_type, later.data, later.xp > 0 OR later.coins > 0) = k.kind))
   ORDER BY e.position
   LIMIT p_limit;
$$;

COMMENT ON FUNCTION ttfd.list_announceable(text, bigint, bigint, integer) IS
  'Feed positions that a platform announces, to which account (NULL for the community), and to whom: private or public.';

-- The same refusals as for a single event, for the first element that deserves one; then the accounts of first contacts.
CREATE OR REPLACE FUNCTION ttfd.check_events(p_events ttfd.sent_event[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM ttfd.raise_event_error(f.error, f.event_id, f.event_type)
     FROM (SELECT s.event_id, s.event_type, e.error
             FROM unnest(p_events) s
             LEFT JOIN ttfd.platforms p ON p.name = s.platform
            CROSS JOIN LATERAL (SELECT coalesce(s.occurred_at, ttfd.current_time())) o (at)
            CROSS JOIN LATERAL (
                    SELECT CASE WHEN s.external_id ~ p.id_pattern
                                THEN ttfd.assess_sent_event(s.event_id, ttfd.find_rule(s.event_type, o.at), s.data, o.at)
                                ELSE 'TU002'
                           END) e (error)
            WHERE e.error IS NOT NULL AND NOT ttfd.is_known_event(s.event_id)
            ORDER BY s.ordinal
            LIMIT 1) f;
  -- One by one, in a fixed order: each takes a lock of its own, and first contacts are few.
  PERFORM ttfd.resolve_user(n.platform, n.external_id)
     FROM (SELECT DISTINCT s.platform, s.external_id
             FROM unnest(p_events) s
            WHERE NOT EXISTS (SELECT 1
                                FROM ttfd.platform_accounts a
                                JOIN ttfd.platforms p ON p.name = a.platform AND ttfd.may_speak(p.role_name)
                               WHERE a.platform = s.platform AND a.external_id = s.external_id)
            ORDER BY 1, 2) n;
END;
$$;

COMMENT ON FUNCTION ttfd.check_events(ttfd.sent_event[]) IS
  'Refuses what check_event and resolve_user refuse, and creates the accounts that are new. Raises TE001, TE003, 22003, 22004, 22008, 22023, 54000, TU002, TP001.';

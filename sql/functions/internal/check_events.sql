-- The same refusals as for a single event, for the first element that deserves one; then the accounts of first contacts.
CREATE OR REPLACE FUNCTION ttfd.check_events(p_events ttfd.sent_event[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  PERFORM ttfd.raise_event_error(f.error, f.event_id, f.event_type)
     FROM (SELECT s.ordinal, s.event_id, s.event_type,
                  CASE WHEN s.external_id ~ p.id_pattern
                       THEN ttfd.assess_sent_event(s.event_id, v, s.data, o.at)
                       ELSE 'TU002'
                  END AS error
             FROM unnest(p_events) s
            CROSS JOIN LATERAL (SELECT coalesce(s.occurred_at, ttfd.current_time())) o (at)
             LEFT JOIN ttfd.platforms p ON p.name = s.platform
             LEFT JOIN ttfd.event_type_versions v
               ON v.name = s.event_type AND v.valid_from <= o.at AND v.valid_to > o.at
           OFFSET 0) f  -- Whether an event is known is asked of those alone that would be refused.
    WHERE f.error IS NOT NULL AND NOT ttfd.is_known_event(f.event_id)
    ORDER BY f.ordinal
    LIMIT 1;
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

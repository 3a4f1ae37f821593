-- The same refusals as for a single event, for the first element that deserves one; then the accounts of first contacts.
CREATE OR REPLACE FUNCTION ttfd.check_events(p_events ttfd.sent_event[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_sent ttfd.sent_event;
BEGIN
  SELECT s.* INTO v_sent
    FROM unnest(p_events) s
    LEFT JOIN ttfd.event_types t ON t.name = s.event_type
    LEFT JOIN LATERAL ttfd.assess_event(t, s.data) g ON t.name IS NOT NULL
   WHERE (s.event_id IS NULL OR t.name IS NULL OR NOT t.is_enabled OR g.error IS NOT NULL
          OR t.is_admin_only AND NOT ttfd.is_admin())
     AND NOT EXISTS (SELECT 1 FROM ttfd.cross_platform_events e WHERE e.id = s.event_id)
       AND NOT EXISTS (SELECT 1 FROM ttfd.failed_events f WHERE f.id = s.event_id)
   ORDER BY s.ordinal
   LIMIT 1;
  IF FOUND THEN
    PERFORM ttfd.check_event(v_sent.event_id, v_sent.event_type, v_sent.data);
  END IF;
  SELECT s.* INTO v_sent
    FROM unnest(p_events) s
    LEFT JOIN ttfd.platforms p ON p.name = s.platform
   WHERE p.name IS NULL OR s.external_id IS NULL OR s.external_id !~ p.id_pattern
      OR s.occurred_at NOT BETWEEN TIMESTAMPTZ '1970-01-01 00:00+00' AND ttfd.current_time() + INTERVAL '1 day'
   ORDER BY s.ordinal LIMIT 1;
  IF FOUND THEN
    PERFORM ttfd.raise_event_error(CASE WHEN isfinite(v_sent.occurred_at) AND v_sent.occurred_at BETWEEN TIMESTAMPTZ '1970-01-01 00:00+00' AND ttfd.current_time() + INTERVAL '1 day' OR v_sent.occurred_at IS NULL THEN 'TU002' ELSE '22008' END, v_sent.event_id, v_sent.event_type);
  END IF;
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
  'Refuses what check_event and resolve_user refuse, and creates the accounts that are new. Raises TE001, TE003, 22003, 22004, 22023, TU002, TP001.';

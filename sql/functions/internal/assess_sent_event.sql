-- What is refused at once, when an event is sent; the batch judges again by the rule of the time.
CREATE OR REPLACE FUNCTION ttfd.assess_sent_event(p_event_id uuid, p_event_type text, p_data jsonb, p_occurred_at timestamptz)
RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT CASE WHEN p_event_id IS NULL THEN '22004'
              WHEN p_occurred_at > ttfd.current_time() + INTERVAL '5 minutes' THEN '22008'
              WHEN v.name IS NULL OR NOT v.is_enabled THEN 'TE001'
              WHEN v.is_admin_only AND NOT ttfd.is_admin() THEN 'TE003'
              ELSE g.error
         END
    FROM (VALUES (1)) AS one
    LEFT JOIN ttfd.event_type_versions v
      ON v.name = p_event_type AND v.valid_from <= p_occurred_at AND v.valid_to > p_occurred_at
    LEFT JOIN LATERAL ttfd.assess_event(v, p_data) g ON v.name IS NOT NULL;
$$;

COMMENT ON FUNCTION ttfd.assess_sent_event(uuid, text, jsonb, timestamptz) IS
  'Why an event that is being sent is refused (an SQLSTATE), or NULL when it is fine.';

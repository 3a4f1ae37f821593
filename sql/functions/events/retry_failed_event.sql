CREATE OR REPLACE FUNCTION ttfd.retry_failed_event(p_event_id uuid)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_outcome event_outcome;
BEGIN
  WITH taken AS (
    DELETE FROM failed_events f WHERE f.id = p_event_id RETURNING f.*
  ), queued AS (
    INSERT INTO cross_platform_events_pending (id, user_id, event_type, source_platform, data, occurred_at, created_at)
    SELECT t.id, t.user_id, t.event_type, t.source_platform, t.data, t.occurred_at, t.created_at FROM taken t
  )
  SELECT t.id, t.user_id, 'queued', NULL, NULL, NULL, u.xp, u.coins, u.rank_id, false INTO v_outcome
    FROM taken t
    LEFT JOIN unified_users u ON u.id = t.user_id;
  IF NOT FOUND THEN
    PERFORM raise_not_failed(p_event_id);
  END IF;
  PERFORM audit('failed_event_retried', NULL, jsonb_build_object('event_id', p_event_id));
  RETURN v_outcome;
END;
$$;

COMMENT ON FUNCTION ttfd.retry_failed_event(uuid) IS
  'Queues an event anew that could not be applied, once its cause is mended; discarded ones too. Returns event_id, user_id, status (queued), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises P0002 when no such event has failed. Audited. Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.retry_failed_event(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.retry_failed_event(uuid) TO ttfd_admin;

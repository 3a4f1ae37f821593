-- Exactly once, raced by many senders and the processor: the key stops a twin in the queue; a twin that was applied or has
-- failed already is seen by the second look, whose snapshot is newer than the insert.
CREATE OR REPLACE FUNCTION ttfd.insert_event(
  p_event_id uuid, p_user_id bigint, p_event_type text, p_platform text, p_data jsonb,
  p_xp bigint, p_coins bigint, p_note text, p_rank_id smallint, p_occurred_at timestamptz)
RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.cross_platform_events_pending
    (id, user_id, event_type, source_platform, data, xp, coins, note, rank_id, occurred_at)
  VALUES
    (p_event_id, p_user_id, p_event_type, p_platform, p_data, p_xp, p_coins, p_note, p_rank_id, p_occurred_at)
  ON CONFLICT (id, processed) DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF ttfd.was_handled(p_event_id) THEN
    DELETE FROM ttfd.cross_platform_events_pending WHERE id = p_event_id;
    RETURN false;
  END IF;
  RETURN true;
END;
$$;

COMMENT ON FUNCTION ttfd.insert_event(uuid, bigint, text, text, jsonb, bigint, bigint, text, smallint, timestamptz) IS
  'Puts an event into the queue. Returns false, and leaves nothing, when the id is known.';

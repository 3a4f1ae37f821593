-- What happens to an account is an event like any other, so that every linked platform can tell its member.
CREATE OR REPLACE FUNCTION ttfd.tell_member(p_user_id bigint, p_event_type text, p_data jsonb, p_xp bigint, p_coins bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.cross_platform_events (id, user_id, event_type, source_platform, data, xp, coins, occurred_at)
  VALUES (ttfd.generate_event_id(), p_user_id, p_event_type, 'system', p_data, p_xp, p_coins, ttfd.current_time());
END;
$$;

COMMENT ON FUNCTION ttfd.tell_member(bigint, text, jsonb, bigint, bigint) IS
  'Writes an event of the system''s own, granted already, for a user who is locked.';

-- One place for the words behind the codes with which an event is refused.
CREATE OR REPLACE FUNCTION ttfd.raise_event_error(p_sqlstate text, p_event_id uuid, p_event_type text)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION USING
    ERRCODE = p_sqlstate,
    MESSAGE = format('event %s of type "%s": %s', p_event_id, p_event_type, ttfd.describe_event_error(p_sqlstate)),
    HINT = CASE p_sqlstate
             WHEN 'TU002' THEN 'Known platforms, and the form of their ids, are the rows of ttfd.platforms.'
             WHEN 'TE001' THEN 'Use an enabled row of ttfd.event_types.'
             WHEN 'TE002' THEN 'Send every event with an id of its own; resend it unchanged.'
             WHEN 'TE003' THEN 'See stated_xp_max, stated_coins_max and is_admin_only in ttfd.event_types.'
             WHEN '22004' THEN 'Make an id once for each event, and send it again with the same id when in doubt.'
             WHEN '22008' THEN 'Set the clock of the sender; occurred_at is ISO 8601 with an offset.'
             WHEN '54000' THEN 'Keep what is large elsewhere, and send in data what it is called there.'
             ELSE 'data is a JSON object: seconds and idle_seconds are numbers from 0, xp and coins whole numbers, won is a boolean.'
           END;
END;
$$;

COMMENT ON FUNCTION ttfd.raise_event_error(text, uuid, text) IS
  'Refuses an event. Raises the SQLSTATE that it is given.';

CREATE OR REPLACE FUNCTION ttfd.describe_event_error(p_sqlstate text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE p_sqlstate
           WHEN 'TU001' THEN 'no such user'
           WHEN 'TU002' THEN 'the platform is unknown or the external id has the wrong form'
           WHEN 'TE001' THEN 'unknown or disabled event type'
           WHEN 'TE002' THEN 'the id was used before, with other content'
           WHEN 'TE003' THEN 'the amount is not allowed or too large'
           WHEN '22004' THEN 'the event id is missing'
           WHEN '22008' THEN 'it lies before 1970 or more than five minutes in the future'
           WHEN '54000' THEN 'its data take more than 64 KiB'
           WHEN '22003' THEN 'a number in data is out of range'
           ELSE 'a value in data is missing or of the wrong type'
         END;
$$;

COMMENT ON FUNCTION ttfd.describe_event_error(text) IS 'The words for an SQLSTATE with which an event is refused.';

-- Company is somebody who can hear.
CREATE OR REPLACE FUNCTION ttfd.voice_members(p_is_afk boolean, p_members jsonb)
RETURNS TABLE (external_id text, session_id text, is_idle boolean)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  IF jsonb_typeof(p_members) IS DISTINCT FROM 'array' THEN
    RAISE EXCEPTION 'p_members has to be a JSON array'
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Its elements are objects with external_id, session_id, is_muted, is_deafened.';
  END IF;
  RETURN QUERY
  SELECT DISTINCT ON (m.external_id) m.external_id, coalesce(m.session_id, ''),
         coalesce(p_is_afk, false) OR coalesce(m.is_muted, false) OR coalesce(m.is_deafened, false)
         OR count(*) FILTER (WHERE m.is_deafened IS NOT TRUE) OVER () < 2
    FROM jsonb_to_recordset(p_members) m (external_id text, session_id text, is_muted boolean, is_deafened boolean)
   WHERE m.external_id IS NOT NULL
   ORDER BY m.external_id;
END;
$$;

COMMENT ON FUNCTION ttfd.voice_members(boolean, jsonb) IS
  'Who is in a voice channel, and whether the time earns nothing: AFK channel, muted, deafened, or nobody else who can hear. Raises 22023.';

-- One wording for the batch and for single events.
CREATE OR REPLACE FUNCTION ttfd.note_award(
  p_is_disabled boolean, p_is_cooling boolean, p_is_capped boolean, p_is_idle boolean, p_factor numeric)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_is_disabled THEN 'disabled'
              WHEN p_is_cooling THEN 'cooldown'
              WHEN p_is_capped OR p_is_idle OR p_factor IS NOT NULL THEN
                pg_catalog.concat_ws(', ',
                  CASE WHEN p_is_capped THEN 'daily_cap' END,
                  CASE WHEN p_is_idle THEN 'idle' END,
                  CASE WHEN p_factor IS NOT NULL THEN 'boost ' || pg_catalog.chr(215) || pg_catalog.trim_scale(p_factor) END)
         END;
$$;

COMMENT ON FUNCTION ttfd.note_award(boolean, boolean, boolean, boolean, numeric) IS
  'Why an event earned what it did: disabled, cooldown, or what there is of daily_cap, idle and the boost; NULL when there is nothing to say.';

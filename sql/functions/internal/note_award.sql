-- One wording for the batch and for single events. No concat_ws: it is not immutable, and the planner would not inline this.
CREATE OR REPLACE FUNCTION ttfd.note_award(
  p_is_disabled boolean, p_is_cooling boolean, p_is_capped boolean, p_is_idle boolean, p_factor numeric)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE WHEN p_is_disabled THEN 'disabled'
              WHEN p_is_cooling THEN 'cooldown'
              WHEN p_is_capped OR p_is_idle OR p_factor IS NOT NULL THEN
                pg_catalog.substr(
                  CASE WHEN p_is_capped THEN ', daily_cap' ELSE '' END
                  || CASE WHEN p_is_idle THEN ', idle' ELSE '' END
                  || CASE WHEN p_factor IS NOT NULL
                          THEN ', boost ' || pg_catalog.chr(215) || pg_catalog.trim_scale(p_factor)::text ELSE '' END,
                  3)
         END;
$$;

COMMENT ON FUNCTION ttfd.note_award(boolean, boolean, boolean, boolean, numeric) IS
  'Why an event earned what it did: disabled, cooldown, or what there is of daily_cap, idle and the boost; NULL when there is nothing to say.';

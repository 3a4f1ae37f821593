CREATE OR REPLACE FUNCTION ttfd.raise_unknown_season(p_season_id integer)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RAISE EXCEPTION 'no season %', coalesce(p_season_id::text, 'NULL')
    USING ERRCODE = 'TS001', HINT = 'Season ids come from list_seasons.';
END;
$$;

COMMENT ON FUNCTION ttfd.raise_unknown_season(integer) IS 'Refuses a season id. Raises TS001.';

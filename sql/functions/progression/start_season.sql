CREATE OR REPLACE FUNCTION ttfd.start_season(
  p_name text, p_starts_at timestamptz DEFAULT NULL, p_ends_at timestamptz DEFAULT NULL)
RETURNS TABLE (season_id integer, name text, starts_at timestamptz, ends_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  starts_at := coalesce(p_starts_at, ttfd.current_time());
  ends_at := coalesce(p_ends_at, starts_at + (SELECT s.length FROM season_settings s));
  IF ends_at <= greatest(starts_at, ttfd.current_time()) THEN
    RAISE EXCEPTION 'a season has to end after it starts, and not in the past' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO seasons AS s (name, starts_at, ends_at) VALUES (p_name, start_season.starts_at, start_season.ends_at)
  RETURNING s.id, s.name INTO season_id, name;
  PERFORM audit('season_started', NULL,
                jsonb_build_object('season_id', season_id, 'name', name, 'starts_at', starts_at, 'ends_at', ends_at));
  PERFORM announce_seasons();
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.start_season(text, timestamptz, timestamptz) IS
  'Starts a season now, or plans it; without an end it lasts as long as season_settings say. What was applied before counts for no season. Its beginning is told by an event season_started. Returns season_id, name, starts_at, ends_at. Raises 23P01 (seasons_do_not_overlap) when another season is in the way: close that first; 22023 when it would not end after it starts, or has ended already; 23502 and 23514 for a name that is missing, empty or longer than 100 characters. Audited. Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.start_season(text, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.start_season(text, timestamptz, timestamptz) TO ttfd_admin;

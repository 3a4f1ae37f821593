-- The row lock makes it once: whoever comes second finds the season closed.
CREATE OR REPLACE FUNCTION ttfd.close_season(p_season_id integer)
RETURNS TABLE (season_id integer, status text, participants bigint, champion_id bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_season seasons;
BEGIN
  SELECT * INTO v_season FROM seasons s WHERE s.id = p_season_id FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM raise_unknown_season(p_season_id);
  END IF;
  IF v_season.closed_at IS NOT NULL THEN
    status := 'already_closed';
  ELSIF v_season.starts_at >= ttfd.current_time() THEN
    RAISE EXCEPTION 'season % has not begun', p_season_id USING ERRCODE = 'invalid_parameter_value';
  ELSE
    PERFORM settle_season(v_season);
    status := 'closed';
  END IF;
  season_id := p_season_id;
  SELECT count(*), max(r.user_id) FILTER (WHERE r.place = 1) INTO participants, champion_id
    FROM season_results r
   WHERE r.season_id = p_season_id;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.close_season(integer) IS
  'Ends a season now, if it has not ended, and settles it, once: places by XP, then by who had it first, then by user_id; everybody who took part gets an event season_reward with place and reward, which the worker pays. It counts what has been applied: tend_seasons waits for late events, this does not. Returns season_id, status (closed; already_closed), participants, champion_id. Raises TS001 when there is no such season, 22023 when it has not begun. Audited. Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.close_season(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.close_season(integer) TO ttfd_admin;

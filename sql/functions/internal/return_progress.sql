-- What the survivor has reached on its own since is unlocked anew, with its reward, when its next event is applied.
CREATE OR REPLACE FUNCTION ttfd.return_progress(p_journal jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_from_id bigint := (p_journal ->> 'from_id')::bigint;
  v_into_id bigint := (p_journal ->> 'into_id')::bigint;
  v_names text[] := ARRAY(SELECT jsonb_array_elements_text(p_journal -> 'achievements'));
BEGIN
  PERFORM ttfd.move_season_scores(p_journal -> 'scores', v_into_id, v_from_id);
  UPDATE ttfd.unified_users u
     SET season_reached_at = (p_journal ->> 'reached_at')::timestamptz
   WHERE u.id = v_into_id
     AND u.season_reached_at IN (
           SELECT s.reached_at
             FROM jsonb_to_recordset(p_journal -> 'scores') s (season_id integer, reached_at timestamptz)
            WHERE s.season_id = u.season_id AND s.reached_at > (p_journal ->> 'reached_at')::timestamptz);
  DELETE FROM ttfd.user_achievements k WHERE k.user_id = v_into_id AND k.achievement = ANY (v_names);
  UPDATE ttfd.unified_users u
     SET achievements = ARRAY(
           SELECT a.name
             FROM unnest(u.achievements) WITH ORDINALITY a (name, place)
            WHERE a.name <> ALL (v_names)
            ORDER BY a.place)
   WHERE u.id = v_into_id;
END;
$$;

COMMENT ON FUNCTION ttfd.return_progress(jsonb) IS
  'For the undoing of a merge, once all else is back, of two users who are locked: takes back what carry_progress did, given what it returned. Scores of seasons that were closed meanwhile stay.';

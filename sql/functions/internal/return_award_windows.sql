CREATE OR REPLACE FUNCTION ttfd.return_award_windows(p_from_id bigint, p_into_id bigint, p_kept jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  DELETE FROM ttfd.award_windows w
   USING ttfd.award_windows f
   WHERE w.user_id = p_into_id AND f.user_id = p_from_id
     AND (w.event_type, w.is_daily, w.starts_at) = (f.event_type, f.is_daily, f.starts_at)
     AND CASE WHEN w.is_daily THEN w.xp = f.xp
              ELSE NOT EXISTS (SELECT 1 FROM jsonb_to_recordset(p_kept) k (event_type text, starts_at timestamptz)
                                WHERE (k.event_type, k.starts_at) = (w.event_type, w.starts_at)) END;
  UPDATE ttfd.award_windows w
     SET xp = w.xp - f.xp
    FROM ttfd.award_windows f
   WHERE w.user_id = p_into_id AND f.user_id = p_from_id AND w.is_daily
     AND (w.event_type, w.is_daily, w.starts_at) = (f.event_type, f.is_daily, f.starts_at);
END;
$$;

COMMENT ON FUNCTION ttfd.return_award_windows(bigint, bigint, jsonb) IS
  'Takes back what carry_award_windows added; p_kept is what that returned.';

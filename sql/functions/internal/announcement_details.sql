CREATE OR REPLACE FUNCTION ttfd.announcement_details(p_event_type text, p_data jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN CASE p_event_type
    WHEN 'rank_up' THEN
      (SELECT jsonb_build_object('rank_name', r.name, 'rank_color', r.color)
         FROM ttfd.ranks r
        WHERE r.id = (p_data ->> 'to_rank_id')::smallint)
    WHEN 'achievement_unlock' THEN
      (SELECT jsonb_build_object('titles_ru', jsonb_agg(a.title_ru ORDER BY n.ordinal),
                                 'titles_en', jsonb_agg(a.title_en ORDER BY n.ordinal))
         FROM jsonb_array_elements_text(p_data -> 'achievements') WITH ORDINALITY n (name, ordinal)
         JOIN ttfd.achievements a ON a.name = n.name)
    WHEN 'season_closed' THEN
      (SELECT jsonb_build_object('winner_names', jsonb_agg(coalesce(u.display_name, u.username) ORDER BY w.ordinal))
         FROM jsonb_array_elements(p_data -> 'winners') WITH ORDINALITY w (winner, ordinal)
         LEFT JOIN ttfd.unified_users u ON u.id = (w.winner ->> 'user_id')::bigint AND NOT u.is_hidden)
  END;
END;
$$;

COMMENT ON FUNCTION ttfd.announcement_details(text, jsonb) IS
  'Names that the text of an announcement needs beside the data of its event; NULL when there are none.';

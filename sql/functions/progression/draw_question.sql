CREATE OR REPLACE FUNCTION ttfd.draw_question()
RETURNS TABLE (question_id integer, question_ru text, question_en text, options_ru text[], options_en text[])
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT q.id, q.question_ru, q.question_en, q.options_ru, q.options_en
    FROM quiz_questions q
   WHERE q.is_enabled
   ORDER BY random()
   LIMIT 1;
$$;

COMMENT ON FUNCTION ttfd.draw_question() IS
  'A question of the quiz, by chance; play_game knows the answer. Returns question_id, question_ru, question_en, options_ru, options_en; no row when there is none.';

REVOKE ALL ON FUNCTION ttfd.draw_question() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.draw_question() TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

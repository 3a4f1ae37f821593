CREATE OR REPLACE FUNCTION ttfd.list_achievements(p_user_id bigint)
RETURNS TABLE (
  name text, title_ru text, title_en text, description_ru text, description_en text, metric text, value bigint,
  threshold bigint, xp bigint, coins bigint, is_unlocked boolean, unlocked_at timestamptz, is_hidden boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_user unified_users;
BEGIN
  SELECT u.* INTO v_user
    FROM unified_users asked
    JOIN unified_users u ON u.id = coalesce(asked.merged_into, asked.id)
   WHERE asked.id = p_user_id;
  IF NOT FOUND THEN
    PERFORM raise_unknown_user(p_user_id);
  END IF;
  RETURN QUERY
  SELECT a.name, a.title_ru, a.title_en, a.description_ru, a.description_en, a.metric, p.value, a.threshold, a.xp, a.coins,
         a.name = ANY (v_user.achievements), k.unlocked_at, a.is_hidden
    FROM achievements a
    JOIN achievement_progress(ARRAY[v_user.id]) p ON p.name = a.name
    LEFT JOIN user_achievements k ON k.user_id = v_user.id AND k.achievement = a.name
   WHERE a.name = ANY (v_user.achievements) OR (a.is_enabled AND NOT a.is_hidden)
   ORDER BY a.sort_order, a.name;
END;
$$;

COMMENT ON FUNCTION ttfd.list_achievements(bigint) IS
  'What a member has unlocked and what is left to unlock; hidden ones only once they are unlocked. Returns name, title_ru, title_en, description_ru, description_en, metric, value (of the member; NULL for a place in a season that it never had), threshold, xp, coins (the reward), is_unlocked, unlocked_at (NULL when it came from a legacy system), is_hidden. A merged user is followed to the survivor. Raises TU001 when there is no such user.';

REVOKE ALL ON FUNCTION ttfd.list_achievements(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_achievements(bigint)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin, ttfd_reader;

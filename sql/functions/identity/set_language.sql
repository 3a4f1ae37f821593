CREATE OR REPLACE FUNCTION ttfd.set_language(p_platform text, p_external_id text, p_language text)
RETURNS TABLE (language text, announcements text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  PERFORM lock_owner(p_platform, v_external_id);
  INSERT INTO account_preferences AS p (platform, external_id, language, changed_at)
  VALUES (p_platform, v_external_id, p_language, ttfd.current_time())
  ON CONFLICT ON CONSTRAINT account_preferences_pkey DO UPDATE
    SET language = EXCLUDED.language, changed_at = EXCLUDED.changed_at;
  RETURN QUERY SELECT g.language, g.announcements FROM get_preferences(p_platform, p_external_id) g;
END;
$$;

COMMENT ON FUNCTION ttfd.set_language(text, text, text) IS
  'Chooses the language in which the bot of a platform speaks to an account, which is created at first contact: ru, en, or NULL to choose none. Returns language, announcements, as get_preferences does. Raises 23514 (account_preferences_language_known) for another language, TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.set_language(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_language(text, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- Chosen on the website, where all accounts are seen together, it holds for all of them.
CREATE OR REPLACE FUNCTION ttfd.set_member_language(p_user_id bigint, p_language text)
RETURNS TABLE (user_id bigint, language text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  user_id := (lock_represented_user(p_user_id)).id;
  language := p_language;
  INSERT INTO account_preferences AS p (platform, external_id, language, changed_at)
  SELECT a.platform, a.external_id, p_language, ttfd.current_time()
    FROM platform_accounts a
   WHERE a.user_id = set_member_language.user_id
  ON CONFLICT ON CONSTRAINT account_preferences_pkey DO UPDATE
    SET language = EXCLUDED.language, changed_at = EXCLUDED.changed_at;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.set_member_language(bigint, text) IS
  'Chooses the language in which the website and all bots speak to a member. Returns user_id, language. Raises 23514 (account_preferences_language_known) for another than ru, en or NULL, TU001, TP001 when the member is not logged in.';

REVOKE ALL ON FUNCTION ttfd.set_member_language(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_member_language(bigint, text) TO ttfd_website, ttfd_admin;

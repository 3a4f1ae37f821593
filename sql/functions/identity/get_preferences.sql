-- A language that was chosen elsewhere holds here too, until another is chosen here.
CREATE OR REPLACE FUNCTION ttfd.get_preferences(p_platform text, p_external_id text)
RETURNS TABLE (language text, announcements text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  SELECT p.language, p.announcements INTO language, announcements
    FROM account_preferences p
   WHERE p.platform = p_platform AND p.external_id = v_external_id;
  language := coalesce(language, (
    SELECT p.language
      FROM platform_accounts own
      JOIN platform_accounts a ON a.user_id = own.user_id
      JOIN account_preferences p ON (p.platform, p.external_id) = (a.platform, a.external_id)
     WHERE own.platform = p_platform AND own.external_id = v_external_id AND p.language IS NOT NULL
     ORDER BY p.changed_at DESC, p.platform
     LIMIT 1));
  announcements := coalesce(announcements, 'private');
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.get_preferences(text, text) IS
  'What the member behind an account prefers there; an unknown account prefers nothing. Returns language (ru, en; where none was chosen on this account, the one chosen last on another of the member''s; NULL for none) and announcements (private, public, off). Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.get_preferences(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.get_preferences(text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

CREATE OR REPLACE FUNCTION ttfd.set_announcements(p_platform text, p_external_id text, p_announcements text)
RETURNS TABLE (language text, announcements text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
BEGIN
  PERFORM lock_owner(p_platform, v_external_id);
  INSERT INTO account_preferences AS p (platform, external_id, announcements, changed_at)
  VALUES (p_platform, v_external_id, coalesce(p_announcements, 'private'), ttfd.current_time())
  ON CONFLICT ON CONSTRAINT account_preferences_pkey DO UPDATE SET announcements = EXCLUDED.announcements;
  RETURN QUERY SELECT g.language, g.announcements FROM get_preferences(p_platform, p_external_id) g;
END;
$$;

COMMENT ON FUNCTION ttfd.set_announcements(text, text, text) IS
  'Chooses where the bot of a platform tells what happens to the member behind an account, which is created at first contact: private (to the member alone; NULL is the same), public (where the community reads) or off; what happens to the member''s accounts is told privately, always. Returns language, announcements, as get_preferences does. Raises 23514 (account_preferences_announcements_known) for another place, TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.set_announcements(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.set_announcements(text, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

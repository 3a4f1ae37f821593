-- So that nobody merges two accounts by surprise: a bot shows this and asks.
CREATE OR REPLACE FUNCTION ttfd.preview_link(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (
  status text, other_display_name text, other_platforms text[], other_xp bigint, other_coins bigint,
  other_rank_id smallint, own_display_name text, own_platforms text[], own_xp bigint, own_coins bigint,
  own_rank_id smallint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN QUERY
  SELECT c.* FROM preview_code(p_code, p_platform, resolve_platform(p_platform, p_external_id)) c;
END;
$$;

COMMENT ON FUNCTION ttfd.preview_link(text, text, text) IS
  'What redeem_link_code would do with this code for this account, without doing it. Returns status (linked, merged, already_linked, accounts_collide where redeeming would raise TL002, invalid, locked) and of both sides, other being who made the code: display_name, platforms, xp, coins, rank_id (NULL for an account that is new to ttfd, and for both when invalid or locked). A code that is refused counts as a failed attempt. Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.preview_link(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.preview_link(text, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

-- So that nobody merges two accounts by surprise: a bot shows this and asks.
CREATE OR REPLACE FUNCTION ttfd.preview_link(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (
  status text, other_display_name text, other_platforms text[], other_xp bigint, other_coins bigint,
  other_rank_id smallint, own_display_name text, own_platforms text[], own_xp bigint, own_coins bigint,
  own_rank_id smallint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_external_id text := resolve_platform(p_platform, p_external_id);
  v_code record;
BEGIN
  SELECT * INTO v_code FROM find_link_code(p_code, p_platform, v_external_id);
  IF v_code.refusal IS NOT NULL THEN
    status := v_code.refusal;
    RETURN NEXT;
    RETURN;
  END IF;
  RETURN QUERY
  SELECT CASE WHEN own.id = other.id THEN 'already_linked'
              WHEN other.platforms && coalesce(own.platforms, ARRAY[p_platform]) THEN 'accounts_collide'
              WHEN own.id IS NULL OR is_blank(own) OR is_blank(other) THEN 'linked'
              ELSE 'merged' END,
         coalesce(other.display_name, other.username), other.platforms, other.xp, other.coins, other.rank_id,
         coalesce(own.display_name, own.username), own.platforms, own.xp, own.coins, own.rank_id
    FROM unified_users other
    LEFT JOIN unified_users own ON own.id = find_owner(p_platform, v_external_id)
   WHERE other.id = v_code.user_id;
END;
$$;

COMMENT ON FUNCTION ttfd.preview_link(text, text, text) IS
  'What redeem_link_code would do with this code for this account, without doing it. Returns status (linked, merged, already_linked, accounts_collide where redeeming would raise TL002, invalid, locked) and of both sides, other being who made the code: display_name, platforms, xp, coins, rank_id (NULL for an account that is new to ttfd, and for both when invalid or locked). A code that is refused counts as a failed attempt. Raises TU002, TP001.';

REVOKE ALL ON FUNCTION ttfd.preview_link(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.preview_link(text, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

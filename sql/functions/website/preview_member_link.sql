CREATE OR REPLACE FUNCTION ttfd.preview_member_link(p_code text, p_user_id bigint)
RETURNS TABLE (
  status text, other_display_name text, other_platforms text[], other_xp bigint, other_coins bigint,
  other_rank_id smallint, own_display_name text, own_platforms text[], own_xp bigint, own_coins bigint,
  own_rank_id smallint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_account platform_accounts := find_own_account((find_survivor(p_user_id)).id);
BEGIN
  RETURN QUERY SELECT c.* FROM preview_code(p_code, v_account.platform, v_account.external_id) c;
END;
$$;

COMMENT ON FUNCTION ttfd.preview_member_link(text, bigint) IS
  'preview_link for a member who is logged in to the website. Returns what preview_link returns. Raises TU001, TP001 when the member is not logged in.';

REVOKE ALL ON FUNCTION ttfd.preview_member_link(text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.preview_member_link(text, bigint) TO ttfd_website, ttfd_admin;

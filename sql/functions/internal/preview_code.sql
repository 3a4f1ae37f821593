CREATE OR REPLACE FUNCTION ttfd.preview_code(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (
  status text, other_display_name text, other_platforms text[], other_xp bigint, other_coins bigint,
  other_rank_id smallint, own_display_name text, own_platforms text[], own_xp bigint, own_coins bigint,
  own_rank_id smallint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_code record;
BEGIN
  SELECT * INTO v_code FROM ttfd.find_link_code(p_code, p_platform, p_external_id);
  IF v_code.refusal IS NOT NULL THEN
    status := v_code.refusal;
    RETURN NEXT;
    RETURN;
  END IF;
  RETURN QUERY
  SELECT CASE WHEN own.id = other.id THEN 'already_linked'
              WHEN other.platforms && coalesce(own.platforms, ARRAY[p_platform]) THEN 'accounts_collide'
              WHEN own.id IS NULL OR ttfd.is_blank(own) OR ttfd.is_blank(other) THEN 'linked'
              ELSE 'merged' END,
         coalesce(other.display_name, other.username), other.platforms, other.xp, other.coins, other.rank_id,
         coalesce(own.display_name, own.username), own.platforms, own.xp, own.coins, own.rank_id
    FROM ttfd.unified_users other
    LEFT JOIN ttfd.unified_users own ON own.id = ttfd.find_owner(p_platform, p_external_id)
   WHERE other.id = v_code.user_id;
END;
$$;

COMMENT ON FUNCTION ttfd.preview_code(text, text, text) IS
  'What redeem_code would do, without doing it: see preview_link. A code that is refused counts as a failed attempt.';

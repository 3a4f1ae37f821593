CREATE OR REPLACE FUNCTION ttfd.gives_role(p_platform text, p_role_id text)
RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT EXISTS (SELECT 1 FROM ttfd.role_rewards r WHERE r.platform = p_platform AND r.role_id = p_role_id)
      OR EXISTS (SELECT 1 FROM ttfd.shop_items i WHERE i.effect -> 'role' ->> p_platform = p_role_id);
$$;

COMMENT ON FUNCTION ttfd.gives_role(text, text) IS 'Whether a role is one that ttfd gives on a platform, as a reward or from the shop.';

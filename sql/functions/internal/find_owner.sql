CREATE OR REPLACE FUNCTION ttfd.find_owner(p_platform text, p_external_id text)
RETURNS bigint
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT a.user_id FROM ttfd.platform_accounts a WHERE a.platform = p_platform AND a.external_id = p_external_id);
END;
$$;

COMMENT ON FUNCTION ttfd.find_owner(text, text) IS
  'The user behind a platform account, NULL when there is none. Expects a checked external id.';

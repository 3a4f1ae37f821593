-- A code belongs to an account, and on the website a member is known without one: the account that was there first does.
CREATE OR REPLACE FUNCTION ttfd.find_own_account(p_user_id bigint)
RETURNS ttfd.platform_accounts
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_account ttfd.platform_accounts;
BEGIN
  IF NOT ttfd.is_logged_in(p_user_id) THEN
    RAISE EXCEPTION 'user % is not logged in', p_user_id
      USING ERRCODE = 'TP001', HINT = 'Only the website, and only for whom it has a session.';
  END IF;
  SELECT a.* INTO v_account
    FROM ttfd.platform_accounts a
   WHERE a.user_id = p_user_id
   ORDER BY a.linked_at, a.platform
   LIMIT 1;
  RETURN v_account;
END;
$$;

COMMENT ON FUNCTION ttfd.find_own_account(bigint) IS
  'The oldest account of a member who is logged in to the website. Raises TP001 when the caller is not the website or the member not logged in.';

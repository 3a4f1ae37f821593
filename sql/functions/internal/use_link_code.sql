-- The users are locked first; the code is then used up by one UPDATE, so that of many redeemers one wins, and the others
-- look again and find nothing. When an account changed hands meanwhile, all locks are let go and we look again.
CREATE OR REPLACE FUNCTION ttfd.use_link_code(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (refusal text, user_id bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_code record;
  v_own_id bigint;
BEGIN
  LOOP
    SELECT * INTO v_code FROM ttfd.find_link_code(p_code, p_platform, p_external_id);
    refusal := v_code.refusal;
    user_id := v_code.user_id;
    IF refusal IS NOT NULL THEN
      RETURN NEXT;
      RETURN;
    END IF;
    v_own_id := ttfd.find_owner(p_platform, p_external_id);
    BEGIN
      IF ttfd.lock_live_users(ARRAY[user_id, v_own_id]) THEN
        UPDATE ttfd.link_codes c
           SET used_at = ttfd.current_time()
          FROM ttfd.platform_accounts a
         WHERE c.code_hash = v_code.code_hash AND c.used_at IS NULL
           AND a.platform = c.platform AND a.external_id = c.external_id AND a.user_id = use_link_code.user_id
           AND v_own_id IS NOT DISTINCT FROM ttfd.find_owner(p_platform, p_external_id);
        IF FOUND THEN
          RETURN NEXT;
          RETURN;
        END IF;
        RAISE EXCEPTION 'changed hands meanwhile';
      END IF;
    EXCEPTION
      WHEN raise_exception THEN NULL;
    END;
  END LOOP;
END;
$$;

COMMENT ON FUNCTION ttfd.use_link_code(text, text, text) IS
  'Uses up a link code for the account that sends it, and locks the users of both; or says why not: locked, invalid. Returns who made the code.';

-- The one way to a code, so that looking at what it would do is no cheaper than redeeming it. Whatever is wrong with a
-- code, the answer is the same; only the count of guesses tells a used code from one that never was.
CREATE OR REPLACE FUNCTION ttfd.find_link_code(p_code text, p_platform text, p_external_id text)
RETURNS TABLE (refusal text, code_hash bytea, user_id bigint)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_now timestamptz := ttfd.current_time();
  v_account_hash bytea := sha256(convert_to(p_platform || ' ' || p_external_id, 'UTF8'));
BEGIN
  PERFORM ttfd.lock_account(p_platform, p_external_id);
  code_hash := ttfd.hash_link_code(p_code);
  IF ttfd.is_link_locked(p_platform, v_account_hash) THEN
    refusal := 'locked';
  ELSE
    SELECT a.user_id INTO user_id
      FROM ttfd.link_codes c
      JOIN ttfd.platform_accounts a ON a.platform = c.platform AND a.external_id = c.external_id
     WHERE c.code_hash = find_link_code.code_hash AND c.used_at IS NULL AND c.expires_at > v_now
       AND (c.platform, c.external_id) <> (p_platform, p_external_id);
    IF NOT FOUND THEN
      refusal := 'invalid';
      DELETE FROM ttfd.link_failures f
       WHERE f.ctid IN (SELECT o.ctid FROM ttfd.link_failures o WHERE o.failed_at <= v_now - INTERVAL '15 minutes'
                         LIMIT 100 FOR UPDATE SKIP LOCKED);
      INSERT INTO ttfd.link_failures (platform, account_hash, failed_at, is_guess)
      SELECT p_platform, v_account_hash, v_now,
             NOT EXISTS (SELECT 1 FROM ttfd.link_codes c WHERE c.code_hash = find_link_code.code_hash);
    END IF;
  END IF;
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.find_link_code(text, text, text) IS
  'Who made a link code, for the account that sends it; or why it is refused: locked, invalid. Counts the failure.';

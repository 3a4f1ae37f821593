-- An account that was forgotten and comes back, by whatever way, does not get twice what it has had already.
CREATE OR REPLACE FUNCTION ttfd.platform_accounts__recall()
RETURNS trigger
LANGUAGE plpgsql SET search_path = ttfd, pg_temp
AS $$
BEGIN
  PERFORM raise_unknown_user(u.id)
     FROM added a
     JOIN unified_users u ON u.id = a.user_id AND u.forgotten_at IS NOT NULL;
  PERFORM restore_limits(a.user_id, f.limits)
     FROM added a
    CROSS JOIN forgetting_key k
     JOIN forgotten_accounts f ON f.account_digest = digest_account(k.key, a.platform, a.external_id)
    WHERE f.expires_at > ttfd.current_time()
    ORDER BY a.user_id;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.platform_accounts__recall() IS
  'Restores the limits of accounts that were forgotten not long ago. Raises TU001 when an account is given to a forgotten member.';

CREATE OR REPLACE TRIGGER recall AFTER INSERT ON ttfd.platform_accounts
  REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ttfd.platform_accounts__recall();

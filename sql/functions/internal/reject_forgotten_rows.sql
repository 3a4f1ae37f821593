-- Who has asked to be forgotten is not imported again, and not listed by name among the rejected.
CREATE OR REPLACE FUNCTION ttfd.reject_forgotten_rows(p_run_id bigint, p_after bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM ttfd.forgotten_accounts f WHERE f.expires_at > ttfd.current_time()) THEN
    RETURN;
  END IF;
  UPDATE ttfd.import_rows r
     SET reject_reason = 'forgotten', source_key = 'forgotten', record = NULL
   WHERE r.run_id = p_run_id AND r.id > p_after
     AND EXISTS (SELECT 1
                   FROM ttfd.forgotten_accounts f
                  CROSS JOIN ttfd.forgetting_key k
                  CROSS JOIN ttfd.stated_accounts(r.platform, r.record) s
                  WHERE f.expires_at > ttfd.current_time()
                    AND f.account_digest = ttfd.digest_account(k.key, s.platform, s.external_id));
END;
$$;

COMMENT ON FUNCTION ttfd.reject_forgotten_rows(bigint, bigint) IS 'Rejects the records of a run that are about somebody who was forgotten.';

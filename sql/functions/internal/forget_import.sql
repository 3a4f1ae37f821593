-- The sums stay, because opening balances are proved by them; what led to a person goes.
CREATE OR REPLACE FUNCTION ttfd.forget_import(p_user_ids bigint[], p_accounts ttfd.platform_accounts[])
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.import_balances b
     SET external_id = 'forgotten ' || gen_random_uuid()
   WHERE b.user_id = ANY (p_user_ids);

  DELETE FROM ttfd.import_changes c WHERE c.user_id = ANY (p_user_ids);

  WITH gone AS (
    DELETE FROM ttfd.import_rows r
     WHERE EXISTS (SELECT 1
                     FROM ttfd.stated_accounts(r.platform, r.record) s
                     JOIN unnest(p_accounts) a ON (a.platform, a.external_id) = (s.platform, s.external_id))
    RETURNING r.run_id, r.source, r.source_key
  ), listed AS (
    SELECT g.run_id, jsonb_agg(jsonb_build_object('source', g.source, 'source_key', g.source_key)) AS records
      FROM gone g
     GROUP BY g.run_id
  )
  UPDATE ttfd.import_runs r
     SET report = jsonb_set(r.report, '{rejected}', (
           SELECT coalesce(jsonb_agg(e.entry ORDER BY e.place), '[]')
             FROM jsonb_array_elements(r.report -> 'rejected') WITH ORDINALITY e (entry, place)
            WHERE NOT l.records @> jsonb_build_array(e.entry - 'reason')))
    FROM listed l
   WHERE r.id = l.run_id AND r.report ? 'rejected';

  DELETE FROM ttfd.import_conflicts c
   USING unnest(p_accounts) a
   WHERE (c.platform, c.external_id) = (a.platform, a.external_id);
  UPDATE ttfd.import_conflicts c
     SET candidates = ttfd.drop_accounts(c.candidates, p_accounts)
   WHERE c.candidates <> ttfd.drop_accounts(c.candidates, p_accounts);
  UPDATE ttfd.import_conflicts c
     SET settlement = split_part(c.settlement, ' ', 1)
    FROM unnest(p_accounts) a
   WHERE c.settlement = concat_ws(' ', split_part(c.settlement, ' ', 1), 'with', a.platform, a.external_id);
  UPDATE ttfd.import_runs r
     SET report = jsonb_set(r.report, '{conflicts}', (
           SELECT coalesce(jsonb_agg(jsonb_set(e.entry, '{candidates}', ttfd.drop_accounts(e.entry -> 'candidates', p_accounts))
                                     ORDER BY e.place), '[]')
             FROM jsonb_array_elements(ttfd.drop_accounts(r.report -> 'conflicts', p_accounts)) WITH ORDINALITY e (entry, place)))
   WHERE r.report ? 'conflicts';
END;
$$;

COMMENT ON FUNCTION ttfd.forget_import(bigint[], ttfd.platform_accounts[]) IS
  'Removes accounts from legacy records, conflicts and reports; what they have contributed stays, without the account.';

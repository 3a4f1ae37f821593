-- Sums are what the records say. Otherwise only the account that wins keeps its XP and coins: what the others had given in
-- earlier runs is then taken back as any difference is.
CREATE OR REPLACE FUNCTION ttfd.apply_import_policy(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_policy text := (SELECT r.policy FROM ttfd.import_runs r WHERE r.id = p_run_id);
BEGIN
  IF v_policy = 'sum' THEN
    RETURN;
  END IF;
  WITH held AS (
    SELECT i.person, a.origin, a.platform, a.external_id, sum(a.xp) AS xp, sum(a.coins) AS coins
      FROM ttfd.import_accounts a
      JOIN ttfd.import_identities i ON i.run_id = a.run_id AND i.platform = a.platform AND i.external_id = a.external_id
     WHERE a.run_id = p_run_id
     GROUP BY i.person, a.origin, a.platform, a.external_id
  ), ranked AS (
    SELECT h.*, count(*) OVER (PARTITION BY h.person) AS accounts,
           row_number() OVER (PARTITION BY h.person
                              ORDER BY 'prefer ' || h.origin = v_policy DESC, h.xp DESC, h.origin, h.platform, h.external_id) AS xp_place,
           row_number() OVER (PARTITION BY h.person
                              ORDER BY 'prefer ' || h.origin = v_policy DESC, h.coins DESC, h.origin, h.platform, h.external_id) AS coins_place
      FROM held h
  )
  UPDATE ttfd.import_accounts a
     SET xp = CASE WHEN r.xp_place = 1 THEN a.xp ELSE 0 END,
         coins = CASE WHEN r.coins_place = 1 THEN a.coins ELSE 0 END
    FROM ranked r
   WHERE a.run_id = p_run_id AND r.accounts > 1 AND (r.xp_place > 1 OR r.coins_place > 1)
     AND (a.origin, a.platform, a.external_id) = (r.origin, r.platform, r.external_id);
END;
$$;

COMMENT ON FUNCTION ttfd.apply_import_policy(bigint) IS
  'Decides which XP and coins of a person with several accounts in a run count.';

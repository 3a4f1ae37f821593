-- It really happened: two bots pointed at one database, both calling their table "users". The same table or file is known
-- by its identity; a copy of it by its rows, because two platforms do not agree on name, XP, coins and birthday of most.
CREATE OR REPLACE FUNCTION ttfd.refuse_same_sources(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql STABLE
SET enable_nestloop = off
AS $$
DECLARE
  v_pair record;
BEGIN
  SELECT a.source AS one, b.source AS other INTO v_pair
    FROM ttfd.import_sources a
    JOIN ttfd.import_sources b ON b.run_id = a.run_id AND b.source > a.source AND b.identity = a.identity
   WHERE a.run_id = p_run_id
   LIMIT 1;
  IF NOT FOUND THEN
    SELECT a.source AS one, b.source || ' of run ' || b.run_id AS other INTO v_pair
      FROM ttfd.import_sources a
      JOIN ttfd.import_sources b ON b.run_id <> a.run_id AND b.identity = a.identity AND b.origin <> a.origin
      JOIN ttfd.import_runs r ON r.id = b.run_id AND r.status = 'unified'
     WHERE a.run_id = p_run_id
     LIMIT 1;
  END IF;
  IF NOT FOUND THEN
    WITH prints AS (
      SELECT DISTINCT a.source, hash_record_extended((a.name, a.xp, a.coins, a.created_at), 0) AS print
        FROM ttfd.import_accounts a
       WHERE a.run_id = p_run_id AND a.name IS NOT NULL AND (a.xp > 0 OR a.coins > 0)
    ), sizes AS (
      SELECT p.source, count(*) AS rows FROM prints p GROUP BY p.source
    ), shared AS (
      SELECT p.print FROM prints p GROUP BY p.print HAVING count(*) > 1
    ), twins AS (
      SELECT a.source AS one, b.source AS other, count(*) AS rows
        FROM shared
        JOIN prints a USING (print)
        JOIN prints b ON b.print = a.print AND b.source > a.source
       GROUP BY a.source, b.source
    )
    SELECT t.one, t.other INTO v_pair
      FROM twins t
      JOIN sizes a ON a.source = t.one
      JOIN sizes b ON b.source = t.other
     WHERE t.rows >= 3 AND t.rows * 2 >= least(a.rows, b.rows)
     LIMIT 1;
  END IF;
  IF FOUND THEN
    RAISE EXCEPTION 'sources "%" and "%" hold the same rows', v_pair.one, v_pair.other
      USING ERRCODE = 'TI001',
            HINT = 'They would be counted twice. Give each table once, with the preset of the bot that owns it.';
  END IF;
END;
$$;

COMMENT ON FUNCTION ttfd.refuse_same_sources(bigint) IS 'Raises TI001 when two sources of a run hold the same rows.';

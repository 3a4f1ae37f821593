-- It really happened: two bots pointed at one database, both calling their table "users". The same table or file is known
-- by its identity; a copy of it by its rows, because two platforms do not agree on name, XP, coins and birthday of most.
CREATE OR REPLACE FUNCTION ttfd.refuse_same_sources(p_run_id bigint)
RETURNS void
LANGUAGE plpgsql STABLE
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
      SELECT DISTINCT r.source,
             ttfd.fold_name(r.record ->> 'username') AS name,
             r.record ->> 'xp' AS xp, r.record ->> 'coins' AS coins, r.record ->> 'created_at' AS created_at
        FROM ttfd.import_rows r
       WHERE r.run_id = p_run_id AND r.record ? 'username'
         AND (coalesce(r.record ->> 'xp', '0') <> '0' OR coalesce(r.record ->> 'coins', '0') <> '0')
    ), sizes AS (
      SELECT p.source, count(*) AS rows FROM prints p GROUP BY p.source
    ), twins AS (
      SELECT a.source AS one, b.source AS other, count(*) AS rows
        FROM prints a
        JOIN prints b ON b.source > a.source AND b.name = a.name
         AND (b.xp, b.coins, b.created_at) IS NOT DISTINCT FROM (a.xp, a.coins, a.created_at)
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

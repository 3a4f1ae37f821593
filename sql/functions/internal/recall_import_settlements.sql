-- What a person has decided is not asked again when the same data come again.
CREATE OR REPLACE FUNCTION ttfd.recall_import_settlements(p_run_id bigint)
RETURNS void
LANGUAGE sql VOLATILE
AS $$
  UPDATE ttfd.import_conflicts c
     SET settled_at = s.settled_at, settlement = s.settlement
    FROM (SELECT DISTINCT ON (o.reason, o.platform, o.external_id, o.candidates) o.*
            FROM ttfd.import_conflicts o
           WHERE o.run_id <> p_run_id AND o.settled_at IS NOT NULL
           ORDER BY o.reason, o.platform, o.external_id, o.candidates, o.settled_at DESC) s
   WHERE c.run_id = p_run_id
     AND (c.reason, c.platform, c.external_id, c.candidates) = (s.reason, s.platform, s.external_id, s.candidates);
$$;

COMMENT ON FUNCTION ttfd.recall_import_settlements(bigint) IS 'Settles conflicts of a run as the same ones of earlier runs were settled.';

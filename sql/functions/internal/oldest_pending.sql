CREATE OR REPLACE FUNCTION ttfd.oldest_pending(p_floor_seq bigint)
RETURNS bigint
LANGUAGE sql STABLE
SET enable_seqscan = off
SET enable_bitmapscan = off
SET jit = off
AS $$
  SELECT min(e.seq)
    FROM generate_series(0, 7) l (lane)
   CROSS JOIN LATERAL (
           SELECT p.seq
             FROM ttfd.cross_platform_events_pending p
            WHERE pg_catalog.hashtext(p.source_platform) & 7 = l.lane AND p.seq > p_floor_seq
            ORDER BY p.seq
            LIMIT 1) e;
$$;

COMMENT ON FUNCTION ttfd.oldest_pending(bigint) IS 'The lowest seq of a pending event above a floor; NULL when nothing waits.';

-- The first 48 bits are kept: they are the time, and keep the keys of the log in order.
CREATE OR REPLACE FUNCTION ttfd.derive_event_id(p_event_id uuid, p_purpose text)
RETURNS uuid
LANGUAGE sql IMMUTABLE
AS $$
  SELECT (pg_catalog.left(pg_catalog.replace(p_event_id::text, '-', ''), 12)
          || '8' || pg_catalog.left(h.digest, 3) || '8' || pg_catalog.substr(h.digest, 4, 15))::uuid
    FROM (SELECT pg_catalog.encode(pg_catalog.sha256((p_purpose || ' ' || p_event_id)::pg_catalog.bytea), 'hex')) h (digest);
$$;

COMMENT ON FUNCTION ttfd.derive_event_id(uuid, text) IS
  'The id of a second event that belongs to the first, the same at every resend (UUID version 8).';

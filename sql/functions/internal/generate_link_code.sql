-- 32 symbols divide a byte's 256 values evenly, so each byte of the hash gives one without a bias. A version 4 UUID holds
-- 122 bits from the server's cryptographic generator; its fixed bits are what the hash is for.
CREATE OR REPLACE FUNCTION ttfd.generate_link_code()
RETURNS text
LANGUAGE sql VOLATILE
AS $$
  SELECT pg_catalog.string_agg(
           pg_catalog.substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', 1 + (pg_catalog.get_byte(h.bytes, n.place) & 31), 1),
           '' ORDER BY n.place)
    FROM (SELECT pg_catalog.sha256(pg_catalog.uuid_send(pg_catalog.gen_random_uuid())) AS bytes OFFSET 0) h
   CROSS JOIN pg_catalog.generate_series(0, 9) n (place);
$$;

COMMENT ON FUNCTION ttfd.generate_link_code() IS 'Ten random symbols of Crockford''s base 32: 50 bits.';

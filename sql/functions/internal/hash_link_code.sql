-- Read as Crockford says: small letters count, I and L are 1, O is 0, hyphens and spaces are nothing. Only these: letters
-- of other alphabets that look alike stay what they are, so upper() is not for us.
CREATE OR REPLACE FUNCTION ttfd.hash_link_code(p_code text)
RETURNS bytea
LANGUAGE sql IMMUTABLE
AS $$
  SELECT pg_catalog.sha256(pg_catalog.convert_to(
           pg_catalog.translate(p_code, 'abcdefghijklmnopqrstuvwxyzILO- ', 'ABCDEFGH1JK1MN0PQRSTUVWXYZ110'), 'UTF8'));
$$;

COMMENT ON FUNCTION ttfd.hash_link_code(text) IS 'What is kept of a link code: the SHA-256 of its canonical form.';

CREATE OR REPLACE FUNCTION ttfd.list_seasons(p_limit integer DEFAULT 100)
RETURNS TABLE (
  season_id integer, name text, status text, starts_at timestamptz, ends_at timestamptz, closed_at timestamptz,
  participants bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
  SELECT s.id, s.name,
         CASE WHEN s.closed_at IS NOT NULL THEN 'closed'
              WHEN s.ends_at <= ttfd.current_time() THEN 'ended'
              WHEN s.starts_at <= ttfd.current_time() THEN 'running'
              ELSE 'planned' END,
         s.starts_at, s.ends_at, s.closed_at,
         CASE WHEN s.closed_at IS NOT NULL THEN (SELECT count(*) FROM season_results r WHERE r.season_id = s.id) END
    FROM seasons s
   ORDER BY s.starts_at DESC
   LIMIT least(greatest(p_limit, 0), 1000);
$$;

COMMENT ON FUNCTION ttfd.list_seasons(integer) IS
  'Seasons, the latest first, at most 1,000. Returns season_id, name, status (planned; running; ended, while late events are waited for; closed), starts_at, ends_at, closed_at, participants (of closed ones).';

REVOKE ALL ON FUNCTION ttfd.list_seasons(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.list_seasons(integer)
  TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_worker, ttfd_admin, ttfd_reader;

-- A slice at a time, and never a row that somebody is using, so that it holds up nobody. What must stay for the record stays:
-- the ledger, the audit log, the ids of events, and that a merge was.
CREATE OR REPLACE FUNCTION ttfd.purge_expired()
RETURNS TABLE (kind text, removed bigint, remaining boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
SET jit = off
AS $$
DECLARE
  v_limit CONSTANT integer := 10000;
BEGIN
  RETURN QUERY
  SELECT p.kind, p.removed, p.removed >= v_limit
    FROM purge_judged(v_limit) j
   CROSS JOIN purge_linking(v_limit) l
   CROSS JOIN purge_logins(v_limit) w
   CROSS JOIN LATERAL (VALUES
           ('award_windows', j.windows),
           ('boosts', j.boosts),
           ('failed_events', purge_discarded(v_limit)),
           ('forgotten_accounts', purge_forgotten()),
           ('import_rows', purge_import_rows(v_limit)),
           ('link_codes', l.codes),
           ('link_failures', l.failures),
           ('login_links', w.links),
           ('merge_journals', purge_merge_journal(v_limit)),
           ('transfer_days', purge_transfer_days(v_limit)),
           ('website_sessions', w.sessions)) p (kind, removed);
END;
$$;

COMMENT ON FUNCTION ttfd.purge_expired() IS
  'Removes what has served its time, up to 10,000 rows of each kind. How long each is kept is a setting (keep_..._days); forgotten accounts, login links and sessions of the website go when they have expired, a login link not within the hour in which it counts. Returns kind (award_windows, boosts, failed_events, forgotten_accounts, import_rows, link_codes, link_failures, login_links, merge_journals, transfer_days, website_sessions), removed, remaining (whether there may be more to remove): a row per kind, always.';

REVOKE ALL ON FUNCTION ttfd.purge_expired() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.purge_expired() TO ttfd_worker, ttfd_admin;

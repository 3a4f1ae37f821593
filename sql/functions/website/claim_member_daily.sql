CREATE OR REPLACE FUNCTION ttfd.claim_member_daily(p_event_id uuid, p_user_id bigint)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN pay_daily(p_event_id, lock_represented_user(p_user_id), 'website');
END;
$$;

COMMENT ON FUNCTION ttfd.claim_member_daily(uuid, bigint) IS
  'claim_daily on the website, for a member who is logged in there. Returns what claim_daily returns. Raises TC002 when the day was claimed (the hint says from when the next can be), TE002 when the id was used with other content, TU001, TP001 when the member is not logged in, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.claim_member_daily(uuid, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.claim_member_daily(uuid, bigint) TO ttfd_website, ttfd_admin;

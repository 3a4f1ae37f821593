-- Once a day for the member, whatever the platform. The row lock makes three claims in the same instant one and two refusals.
CREATE OR REPLACE FUNCTION ttfd.claim_daily(p_event_id uuid, p_platform text, p_external_id text)
RETURNS ttfd.event_outcome
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
BEGIN
  RETURN pay_daily(p_event_id, lock_user(resolve_user(p_platform, p_external_id)), p_platform);
END;
$$;

COMMENT ON FUNCTION ttfd.claim_daily(uuid, text, text) IS
  'The daily reward, once a day of the member''s time zone and across all platforms, as an event daily_claim whose data say the streak, the bonus in percent and the freezes used. Days in a row raise the bonus; a freeze, earned by them too, stands in for a missed day. Returns event_id, user_id, status (applied; duplicate with the first outcome when the id was sent before), xp, coins, note, total_xp, total_coins, rank_id, rank_up. Raises TC002 when the day was claimed (the hint says from when the next can be), TE002 when the id was used with other content, TU002, TP001, 22004 without an id. Needs READ COMMITTED (0A000). Notifies ttfd_events when the queue was empty.';

REVOKE ALL ON FUNCTION ttfd.claim_daily(uuid, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.claim_daily(uuid, text, text) TO ttfd_telegram, ttfd_discord, ttfd_website, ttfd_admin;

CREATE OR REPLACE FUNCTION ttfd.count_transfer(p_user_id bigint, p_coins bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
  v_today date := (ttfd.current_time() AT TIME ZONE 'UTC')::date;
  v_sent bigint := coalesce((SELECT d.coins FROM ttfd.transfer_days d WHERE d.user_id = p_user_id AND d.day = v_today), 0);
BEGIN
  PERFORM ttfd.check_amount(p_coins, ttfd.read_setting('transfer_minimum'), ttfd.read_setting('transfer_daily_limit') - v_sent);
  INSERT INTO ttfd.transfer_days AS d (user_id, day, coins)
  VALUES (p_user_id, v_today, p_coins)
  ON CONFLICT (user_id, day) DO UPDATE SET coins = d.coins + EXCLUDED.coins;
END;
$$;

COMMENT ON FUNCTION ttfd.count_transfer(bigint, bigint) IS
  'Counts coins towards what a member may send in a UTC day. Expects the user locked. Raises TE003 when it is too little or too much.';

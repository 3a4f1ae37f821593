-- Two members who become one have one daily limit for sending coins. The rows of the one that goes stay, for the undo.
CREATE OR REPLACE FUNCTION ttfd.carry_transfer_days(p_from_id bigint, p_into_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO ttfd.transfer_days AS d (user_id, day, coins)
  SELECT p_into_id, f.day, f.coins
    FROM ttfd.transfer_days f
   WHERE f.user_id = p_from_id
  ON CONFLICT (user_id, day) DO UPDATE SET coins = d.coins + EXCLUDED.coins;
END;
$$;

COMMENT ON FUNCTION ttfd.carry_transfer_days(bigint, bigint) IS 'Adds the coins that one user has sent to what another has.';

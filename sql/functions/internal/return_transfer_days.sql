CREATE OR REPLACE FUNCTION ttfd.return_transfer_days(p_from_id bigint, p_into_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  UPDATE ttfd.transfer_days d
     SET coins = d.coins - f.coins
    FROM ttfd.transfer_days f
   WHERE d.user_id = p_into_id AND f.user_id = p_from_id AND f.day = d.day;
  DELETE FROM ttfd.transfer_days d WHERE d.user_id = p_into_id AND d.coins = 0;
END;
$$;

COMMENT ON FUNCTION ttfd.return_transfer_days(bigint, bigint) IS 'Takes back what carry_transfer_days added.';

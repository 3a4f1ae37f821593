-- After a restore, positions are given anew that consumers know as others. The epoch tells them. A worker calls this whenever
-- it connects, before it gives a position. What waited when the backup was made was applied in the original, too, and told by
-- its consumers: it is applied here, in the same transaction, so that it lies before the head from which they go on.
CREATE OR REPLACE FUNCTION ttfd.renew_epoch(p_is_forced boolean DEFAULT false)
RETURNS TABLE (epoch uuid, is_new boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_origin text := database_origin();
  v_known text;
BEGIN
  IF p_is_forced AND NOT is_admin() THEN
    RAISE EXCEPTION 'only an administrator may force a new epoch' USING ERRCODE = 'insufficient_privilege',
      HINT = 'Without force, a restored database is noticed by itself.';
  END IF;
  PERFORM 1 FROM feed_head FOR UPDATE;
  SELECT o.origin INTO v_known FROM epoch_origin o;
  is_new := p_is_forced OR coalesce(v_origin <> v_known, false);
  IF is_new OR v_known IS NULL THEN
    UPDATE epoch_origin SET origin = v_origin;
  END IF;
  IF is_new THEN
    WHILE (SELECT p.remaining FROM process_events(100000) p) LOOP
      NULL;
    END LOOP;
    UPDATE feed_head SET epoch = gen_random_uuid();
    PERFORM audit('epoch_renewed', jsonb_build_object('origin', v_known), jsonb_build_object('origin', v_origin));
    PERFORM pg_notify('ttfd_feed', '');
  END IF;
  epoch := (SELECT h.epoch FROM feed_head h);
  RETURN NEXT;
END;
$$;

COMMENT ON FUNCTION ttfd.renew_epoch(boolean) IS
  'Gives the feed a new epoch if this database was restored from a backup, or if an administrator forces it: every consumer then goes on from the present head. Applies what waits first, all of it. Returns epoch, is_new. Raises 42501 when somebody else forces it. A new one is audited. Notifies ttfd_feed of a new one. Needs READ COMMITTED (0A000).';

REVOKE ALL ON FUNCTION ttfd.renew_epoch(boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ttfd.renew_epoch(boolean) TO ttfd_worker, ttfd_admin;

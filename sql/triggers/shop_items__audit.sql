-- A sale is no change of the rules; the event log has it.
CREATE OR REPLACE FUNCTION ttfd.shop_items__audit()
RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ttfd, pg_temp
AS $$
DECLARE
  v_before jsonb := to_jsonb(OLD) - 'sold';
  v_after jsonb := to_jsonb(NEW) - 'sold';
BEGIN
  IF v_before IS DISTINCT FROM v_after THEN
    PERFORM audit('shop_item_' || lower(TG_OP), v_before, v_after);
  END IF;
  RETURN NULL;
END;
$$;

COMMENT ON FUNCTION ttfd.shop_items__audit() IS 'Writes changes of shop items into the audit log.';

CREATE OR REPLACE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON ttfd.shop_items
  FOR EACH ROW EXECUTE FUNCTION ttfd.shop_items__audit();

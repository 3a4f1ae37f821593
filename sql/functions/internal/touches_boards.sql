CREATE OR REPLACE FUNCTION ttfd.touches_boards(p_event_type text)
RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT p_event_type IN ('opening_balance', 'accounts_merged', 'merge_undone');
$$;

COMMENT ON FUNCTION ttfd.touches_boards(text) IS
  'Whether an event may change any count of its member, without saying which: who meets one has to look.';

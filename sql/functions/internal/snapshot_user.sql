-- Names and external ids follow from the accounts, and are nobody's business in a journal.
CREATE OR REPLACE FUNCTION ttfd.snapshot_user(p_user_id bigint)
RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN (SELECT to_jsonb(u) - ARRAY['username', 'display_name', 'telegram_id', 'discord_id', 'website_email']
            FROM ttfd.unified_users u
           WHERE u.id = p_user_id);
END;
$$;

COMMENT ON FUNCTION ttfd.snapshot_user(bigint) IS 'What the journal of merges keeps of a user.';

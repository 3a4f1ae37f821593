-- What is about a member without naming the user id: it names an account.
CREATE OR REPLACE FUNCTION ttfd.export_mentions(p_user_ids bigint[], p_accounts ttfd.platform_accounts[])
RETURNS jsonb
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN jsonb_build_object(
    'import_rows', (
      SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.id), '[]')
        FROM ttfd.import_rows r
       WHERE EXISTS (SELECT 1
                       FROM ttfd.stated_accounts(r.platform, r.record) s
                       JOIN unnest(p_accounts) a ON (a.platform, a.external_id) = (s.platform, s.external_id))),
    'import_conflicts', (
      SELECT coalesce(jsonb_agg(to_jsonb(c) ORDER BY c.id), '[]')
        FROM ttfd.import_conflicts c
       WHERE EXISTS (SELECT 1 FROM unnest(p_accounts) a WHERE (a.platform, a.external_id) = (c.platform, c.external_id))
          OR c.candidates <> ttfd.drop_accounts(c.candidates, p_accounts)),
    'forgotten_accounts', (
      SELECT coalesce(jsonb_agg(to_jsonb(f) - 'account_digest'), '[]')
        FROM ttfd.forgotten_accounts f
        JOIN unnest(p_accounts) a ON true
        JOIN ttfd.forgetting_key k ON f.account_digest = ttfd.digest_account(k.key, a.platform, a.external_id)),
    'given_roles', (
      SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]')
        FROM ttfd.given_roles r
        JOIN unnest(p_accounts) a ON (r.platform, r.external_id) = (a.platform, a.external_id)),
    'removed_roles', (
      SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]')
        FROM ttfd.removed_roles r
        JOIN unnest(p_accounts) a ON (r.platform, r.external_id) = (a.platform, a.external_id)),
    'account_preferences', (
      SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]')
        FROM ttfd.account_preferences r
        JOIN unnest(p_accounts) a ON (r.platform, r.external_id) = (a.platform, a.external_id)),
    'voice_sessions', (
      SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]')
        FROM ttfd.voice_sessions r
        JOIN unnest(p_accounts) a ON (r.platform, r.external_id) = (a.platform, a.external_id)),
    -- What the member did as an administrator is there without before and after: those are somebody else's.
    'audit_log', (
      SELECT coalesce(jsonb_agg(CASE WHEN a.id IS NULL THEN to_jsonb(l) - ARRAY['before', 'after'] ELSE to_jsonb(l) END
                                ORDER BY l.id), '[]')
        FROM ttfd.audit_log l
        LEFT JOIN ttfd.list_audit_lines(p_user_ids, p_accounts) a ON a.id = l.id
       WHERE a.id IS NOT NULL OR l.on_behalf_of = ANY (p_user_ids)));
END;
$$;

COMMENT ON FUNCTION ttfd.export_mentions(bigint[], ttfd.platform_accounts[]) IS
  'Legacy records, import conflicts, remembered limits, roles that were given or taken by hand, preferences, time in voice, audit lines that are about a member, and those of what the member did as an administrator.';

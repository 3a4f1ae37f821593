CREATE OR REPLACE FUNCTION ttfd.describe_import_change(p_user ttfd.unified_users)
RETURNS jsonb
LANGUAGE sql STABLE
AS $$
  SELECT jsonb_build_object(
           'highest_rank_id', p_user.highest_rank_id, 'daily_streak', p_user.daily_streak, 'last_daily', p_user.last_daily,
           'created_at', p_user.created_at, 'last_active', p_user.last_active, 'achievements', to_jsonb(p_user.achievements),
           'primary_platform', p_user.primary_platform, 'xp_since', p_user.xp_since);
$$;

COMMENT ON FUNCTION ttfd.describe_import_change(ttfd.unified_users) IS
  'What an import changes of a member and cannot be computed back.';

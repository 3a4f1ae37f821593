-- Who became whom, when, why, and whether it was undone stays for good: that a merge cannot be undone any more is an answer,
-- that there never was one would be a lie.
CREATE OR REPLACE FUNCTION ttfd.purge_merge_journal(p_limit integer)
RETURNS bigint
LANGUAGE sql VOLATILE
AS $$
  WITH gone AS (
    UPDATE ttfd.user_merges
       SET into_before = '{}', into_after = NULL, from_before = '{}', accounts = '[]', signposts = '{}', boosts = '{}',
           purchases = '{}', kept_windows = '[]', progress = NULL
     WHERE id = ANY (ARRAY(SELECT m.id FROM ttfd.user_merges m
                            WHERE m.merged_at < ttfd.kept_since('keep_merge_journal_days') AND m.into_before <> '{}'
                            LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED))
    RETURNING 1
  )
  SELECT count(*) FROM gone;
$$;

COMMENT ON FUNCTION ttfd.purge_merge_journal(integer) IS
  'Empties the journal of merges that cannot be undone any more; that they were stays known. Returns how many.';

SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.epoch_origin;

DELETE FROM ttfd.settings
 WHERE name IN ('keep_award_windows_days', 'keep_boosts_days', 'keep_discarded_days', 'keep_import_rows_days',
                'keep_link_codes_days', 'keep_link_failures_days', 'keep_merge_journal_days', 'keep_transfer_counts_days');

-- How long what has served its time is kept, and where the feed's epoch began.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

INSERT INTO ttfd.settings (name, value, kind, minimum, maximum, description) VALUES
  ('keep_award_windows_days', '90', 'integer', 30, 3650, 'Days for which a cooldown or daily cap holds for late events. An event that arrives later than that may earn in a window that has earned.'),
  ('keep_boosts_days', '90', 'integer', 30, 3650, 'Days for which a boost that has ended is kept for late events.'),
  ('keep_discarded_days', '90', 'integer', 1, 3650, 'Days for which a discarded event is kept; its id stays known after that.'),
  ('keep_import_rows_days', '90', 'integer', 7, 3650, 'Days for which legacy records that an import has rejected are kept. Its report says why for good.'),
  ('keep_link_codes_days', '7', 'integer', 1, 365, 'Days for which a used or expired link code is told from one that never was.'),
  ('keep_link_failures_days', '1', 'integer', 1, 365, 'Days for which refused link codes are kept. They count for 15 minutes.'),
  ('keep_merge_journal_days', '30', 'integer', 8, 3650, 'Days for which a merge keeps what undoing it took. It can be undone for 7 days.'),
  ('keep_transfer_counts_days', '8', 'integer', 8, 365, 'Days for which it is kept how many coins a member has sent in a day.');

CREATE TABLE ttfd.epoch_origin (
  is_only boolean PRIMARY KEY DEFAULT true CONSTRAINT epoch_origin_one_row CHECK (is_only),
  origin  text
);

COMMENT ON TABLE ttfd.epoch_origin IS 'In which database of which server the present epoch of the feed was first seen: see renew_epoch.';
COMMENT ON COLUMN ttfd.epoch_origin.origin IS 'NULL until a worker has looked.';

INSERT INTO ttfd.epoch_origin DEFAULT VALUES;

RESET ROLE;

-- Who stands where: exact, and quick at any size (docs/adr/0011-leaderboard-positions.md).
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

-- The order of the leaderboard is the order of the key, so a page is one walk along it.
CREATE TABLE ttfd.xp_standings (
  minus_xp bigint NOT NULL,
  since    timestamptz NOT NULL,
  user_id  bigint NOT NULL,
  PRIMARY KEY (minus_xp, since, user_id)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE ttfd.xp_standings IS 'The leaderboard by XP: every member who is listed, in order. Kept by a trigger on unified_users.';
COMMENT ON COLUMN ttfd.xp_standings.minus_xp IS 'XP below zero, so that one ascending key has the best first.';
COMMENT ON COLUMN ttfd.xp_standings.since IS 'When this XP was reached: among equals the first stands above.';

CREATE TABLE ttfd.board_counts (
  node    bigint NOT NULL,
  board   integer NOT NULL,
  members integer[] NOT NULL CONSTRAINT board_counts_members_complete CHECK (cardinality(members) = 64),
  PRIMARY KEY (node, board)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

COMMENT ON TABLE ttfd.board_counts IS
  'How many listed members have which value: for each board a tree whose nodes have 64 branches each. Written by process_events alone; that by XP is exact with xp_moves, the others say what standings says.';
COMMENT ON COLUMN ttfd.board_counts.node IS 'Level (0 to 10) and first value of the node, as count_nodes makes it. A branch of level n covers 64 ^ n XP.';
COMMENT ON COLUMN ttfd.board_counts.board IS '0 for XP, otherwise as board_number says.';
COMMENT ON COLUMN ttfd.board_counts.members IS 'How many members there are on each branch and those to the right of it.';

-- The other boards follow the queue: whatever changes them goes through it.
CREATE TABLE ttfd.standings (
  board       integer NOT NULL CONSTRAINT standings_board_not_zero CHECK (board <> 0),
  minus_value bigint NOT NULL CONSTRAINT standings_minus_value_negative CHECK (minus_value < 0),
  since       timestamptz NOT NULL,
  user_id     bigint NOT NULL,
  PRIMARY KEY (user_id, board)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

-- True of every row; who walks a board says so. It keeps the index from whoever looks for a member: a plan from when the table
-- was empty would take either index for that, and this one is read from end to end.
CREATE INDEX standings_order ON ttfd.standings (board, minus_value, since, user_id) WHERE board <> 0;

COMMENT ON TABLE ttfd.standings IS
  'The leaderboards by coins, messages, voice, games and wins, and one of each season: every member who has any of it, as of the last batch. Written by process_events alone; list_unsettled knows what has changed since.';
COMMENT ON COLUMN ttfd.standings.board IS 'Which of them, as board_number says; below zero for a hidden member, but for a season.';
COMMENT ON COLUMN ttfd.standings.minus_value IS 'The value below zero, so that one ascending index has the best first.';
COMMENT ON COLUMN ttfd.standings.since IS 'When this value was reached: among equals the first stands above.';

CREATE TABLE ttfd.standing_changes (
  user_id bigint NOT NULL,
  at      timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- Not for its order: a scan of an index forgets dead rows.
CREATE INDEX standing_changes_user_id ON ttfd.standing_changes (user_id);

COMMENT ON TABLE ttfd.standing_changes IS 'Members who were changed in a way that no event tells (hidden, merged, or by hand) since process_events last brought standings up to date.';

-- Everybody writes rows here and nobody updates one, so writers do not wait for each other.
CREATE TABLE ttfd.xp_moves (
  xp      bigint NOT NULL,
  members bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

-- Not for its order: a scan of an index forgets dead rows, a scan of the table meets them until it is vacuumed.
CREATE INDEX xp_moves_xp ON ttfd.xp_moves (xp);

COMMENT ON TABLE ttfd.xp_moves IS 'Members who came to an XP (or, below zero, left it) since process_events last brought board_counts up to date.';

RESET ROLE;

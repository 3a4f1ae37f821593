SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.standing_changes, ttfd.standings, ttfd.xp_moves, ttfd.board_counts, ttfd.xp_standings;

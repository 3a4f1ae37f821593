SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.xp_moves, ttfd.xp_counts, ttfd.xp_standings;

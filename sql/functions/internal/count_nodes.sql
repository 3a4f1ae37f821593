CREATE OR REPLACE FUNCTION ttfd.count_nodes(p_xp bigint)
RETURNS bigint[]
LANGUAGE sql IMMUTABLE
AS $$
  SELECT ARRAY[p_xp >> 6 << 4, p_xp >> 12 << 4 | 1, p_xp >> 18 << 4 | 2, p_xp >> 24 << 4 | 3, p_xp >> 30 << 4 | 4,
               p_xp >> 36 << 4 | 5, p_xp >> 42 << 4 | 6, p_xp >> 48 << 4 | 7, p_xp >> 54 << 4 | 8, p_xp >> 60 << 4 | 9, 10];
$$;

COMMENT ON FUNCTION ttfd.count_nodes(bigint) IS
  'The nodes of board_counts on the way to an XP, from level 0 up: the XP without the bits of its branch and those below, 16 times, plus the level.';

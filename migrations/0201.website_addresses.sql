-- The same addresses, and those with a domain of over 189 characters. A count of repetitions is what makes a pattern slow to
-- match: this one takes a tenth of the time. Who has changed the pattern keeps it.
SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

UPDATE ttfd.platforms
   SET id_pattern = '^(?!.{255})(?![^@]{65})[^[:space:]@]+@[^[:space:]@]+$'
 WHERE name = 'website' AND id_pattern = '^[^[:space:]@]{1,64}@[^[:space:]@]{1,189}$';

RESET ROLE;

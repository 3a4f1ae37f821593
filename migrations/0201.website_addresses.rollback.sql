SET LOCAL lock_timeout = '10s';

SET LOCAL ROLE ttfd_owner;

UPDATE ttfd.platforms
   SET id_pattern = '^[^[:space:]@]{1,64}@[^[:space:]@]{1,189}$'
 WHERE name = 'website' AND id_pattern = '^(?!.{255})(?![^@]{65})[^[:space:]@]+@[^[:space:]@]+$';

RESET ROLE;

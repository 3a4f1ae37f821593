SET LOCAL lock_timeout = '10s';

DROP AGGREGATE ttfd.add_up(bigint);

DROP TABLE ttfd.import_groups, ttfd.import_links, ttfd.import_grants, ttfd.import_identities, ttfd.import_repeated, ttfd.import_judged, ttfd.import_accounts,
           ttfd.import_conflicts, ttfd.import_changes, ttfd.import_balances, ttfd.import_rows, ttfd.import_sources, ttfd.import_runs;

SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.website_admins, ttfd.login_links, ttfd.website_sessions;

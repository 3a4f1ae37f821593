SET LOCAL lock_timeout = '10s';

DROP TABLE ttfd.quiz_questions, ttfd.games, ttfd.account_preferences;

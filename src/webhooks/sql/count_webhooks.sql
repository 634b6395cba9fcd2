-- How many webhooks are there?
SELECT COUNT(*) FROM webhooks WHERE deleted_ms IS NULL

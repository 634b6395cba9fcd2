-- Which endpoints are there? $1 is a name, or empty for all.
SELECT name, model, created_ms, promoting, rollout_error, api_version, policy
FROM endpoints
WHERE deleted_ms IS NULL AND ($1 = '' OR name = $1)
ORDER BY name

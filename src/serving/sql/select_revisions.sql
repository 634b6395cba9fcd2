-- Which revisions has an endpoint, the newest first, at most $2 of them besides those in use?
SELECT id, model_version, model_path, role, weight, replicas, created_ms, live_ms, retired_ms,
       api_version, slots
FROM revisions
WHERE endpoint = $1 AND (role <> 'retired' OR number IN (
  SELECT number FROM revisions WHERE endpoint = $1 AND role = 'retired'
  ORDER BY number DESC LIMIT $2))
ORDER BY number DESC

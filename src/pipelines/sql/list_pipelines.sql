-- Which pipelines are there?
SELECT name, version, digest, yaml, triggers_after, updated_ms, who FROM pipelines ORDER BY name

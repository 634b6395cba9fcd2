-- Sets which revision is on its way to become live and why the last rollout was undone.
UPDATE endpoints SET promoting = $2, rollout_error = $3 WHERE name = $1

-- Makes an endpoint, or brings a deleted one of the same name back; its revisions count on.
INSERT INTO endpoints (name, model, created_ms) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE
SET model = excluded.model, created_ms = excluded.created_ms, promoting = NULL,
    rollout_error = '', policy = '{}', deleted_ms = NULL

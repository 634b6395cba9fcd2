-- Remembers a part that is stored.
INSERT INTO uploaded_parts (upload_id, number, bytes, sha256) VALUES ($1, $2, $3, $4)
ON CONFLICT (upload_id, number) DO UPDATE SET bytes = excluded.bytes, sha256 = excluded.sha256

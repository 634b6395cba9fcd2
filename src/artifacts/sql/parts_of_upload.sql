-- The parts of an upload that are stored, in order.
SELECT number, bytes, sha256 FROM uploaded_parts WHERE upload_id = $1 ORDER BY number

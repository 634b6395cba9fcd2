-- Forgets the parts of an upload.
DELETE FROM uploaded_parts WHERE upload_id = $1

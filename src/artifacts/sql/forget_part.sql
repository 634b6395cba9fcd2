-- Forgets a part that has to be sent again.
DELETE FROM uploaded_parts WHERE upload_id = $1 AND number = $2

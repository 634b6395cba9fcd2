-- The models that are shown of a folder: their names there and here, and what their files were like.
SELECT s.source_name, m.name, s.fingerprint, m.model_seq
FROM mounted_models s JOIN registered_models m ON m.model_seq = s.model_seq
WHERE s.folder = $1

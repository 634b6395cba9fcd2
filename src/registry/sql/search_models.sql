-- Registered models that match a filter.
SELECT m.model_seq, m.name, m.description, m.created_ms, m.updated_ms, m.gate
FROM registered_models m/*joins*/
WHERE m.deleted_ms IS NULL AND /*filter*/
ORDER BY /*order*/
LIMIT $1 OFFSET $2

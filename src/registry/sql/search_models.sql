-- Registered models that match a filter.
SELECT m.model_seq, m.name, m.description, m.created_ms, m.updated_ms, m.gate/*columns*/
FROM /*from*/
WHERE m.deleted_ms IS NULL AND /*filter*/
ORDER BY /*order*/
LIMIT /*limit*/

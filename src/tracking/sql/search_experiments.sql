-- Experiments that match a filter; $1 is 'active', 'deleted' or 'all'.
SELECT e.experiment_id, e.name, e.artifact_location, e.lifecycle, e.created_ms, e.updated_ms/*columns*/
FROM /*from*/
WHERE ($1 = 'all' OR e.lifecycle = $1) AND /*filter*/
ORDER BY /*order*/
LIMIT /*limit*/

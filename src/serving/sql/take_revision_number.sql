-- Which number does the endpoint's next revision get?
UPDATE endpoints SET revisions_made = revisions_made + 1 WHERE name = $1 RETURNING revisions_made

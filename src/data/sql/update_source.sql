-- Changes a source, unless it is as given already.
UPDATE sources SET kind = $2, dataset = $3, config = $4
WHERE name = $1 AND (kind <> $2 OR dataset <> $3 OR config <> $4)

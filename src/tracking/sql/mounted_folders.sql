-- The folders of which something is shown.
SELECT DISTINCT folder FROM mounted_experiments ORDER BY folder

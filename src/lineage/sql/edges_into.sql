-- What a node was made of: the newest $2 edges that end in it.
SELECT from_node, to_node, label, time_ms
FROM lineage_edges
WHERE to_node = $1
ORDER BY time_ms DESC, from_node, label
LIMIT $2

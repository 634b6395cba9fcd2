-- What was made of a node: the newest $2 edges that start in it.
SELECT from_node, to_node, label, time_ms
FROM lineage_edges
WHERE from_node = $1
ORDER BY time_ms DESC, to_node, label
LIMIT $2

-- The dataset versions that a node was made of, up to eight steps away.
WITH RECURSIVE upstream (node, depth) AS (
  SELECT from_node, 1 FROM lineage_edges WHERE to_node = $1
  UNION
  SELECT e.from_node, u.depth + 1 FROM lineage_edges e JOIN upstream u ON e.to_node = u.node
  WHERE u.depth < 8
)
SELECT DISTINCT node FROM upstream WHERE node LIKE 'dataset:%'
ORDER BY node LIMIT 1000

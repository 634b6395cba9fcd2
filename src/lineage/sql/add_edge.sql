-- Records that something came of something else; an edge that is known keeps its time.
INSERT INTO lineage_edges (from_node, to_node, label, time_ms)
VALUES ($1, $2, $3, $4)
ON CONFLICT (from_node, to_node, label) DO NOTHING

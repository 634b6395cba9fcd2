-- What was made of what, over all rooms; nodes are "kind:id".
CREATE TABLE lineage_edges (
  from_node TEXT NOT NULL,
  to_node TEXT NOT NULL,
  label TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  PRIMARY KEY (from_node, to_node, label)
);
CREATE INDEX lineage_edges_by_from ON lineage_edges (from_node, time_ms);
CREATE INDEX lineage_edges_by_to ON lineage_edges (to_node, time_ms);

/** The graph from raw bytes to predictions. */
import { getJson } from './client';

/**
 * A node's id is `KIND:ID`. Kinds the UI links to: `source`, `dataset` (`dataset:flights@1`),
 * `split`, `run`, `model` (`model:flights-late@2`), `endpoint`, `monitor`, `alert`, `pipeline_run`.
 */
export interface LineageNode {
  id: string;
  kind: string;
  label: string;
}

/** Points the way the data went: from what was used to what came of it. */
export interface LineageEdge {
  from: string;
  to: string;
  label: string;
}

/** `GET /api/v1/lineage?node=KIND:ID&depth=`; `depth` counts edges in both directions. */
export interface Lineage {
  nodes: LineageNode[];
  edges: LineageEdge[];
  /** More was there than the depth or the server's limit let in. */
  is_cut?: boolean;
}

export function getLineage(node: string, depth: number, signal?: AbortSignal): Promise<Lineage> {
  return getJson('/api/v1/lineage', { node, depth }, signal);
}

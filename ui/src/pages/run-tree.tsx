/** Child runs below their parents, read when a parent is opened. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { groupRuns, searchRunRows, type ColumnName, type RunRow } from '../api/tracking';
import { columnsWithPages, type RunFeed } from '../run-feed';
import { childrenFilter, childrenOfFilter, flattened, parentColumn, type TreeRow } from '../runs-view';

/** Children that are read of one parent. */
const childrenMost = 1_000;
const parentsPerRead = 200;

export interface Tree {
  /** Undefined while no run has children: then the rows are the feed's. */
  rows: TreeRow[] | undefined;
  /** Opens or closes a run. */
  flip: (id: string) => void;
  /** Asks which of these runs have children; each is asked about once. */
  look: (runs: readonly RunRow[]) => void;
}

export function useTree(feed: RunFeed, on: boolean, columns: readonly ColumnName[]): Tree {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [children, setChildren] = useState<ReadonlyMap<string, readonly RunRow[]>>(new Map());
  const [counts, setCounts] = useState<ReadonlyMap<string, number>>(new Map());
  const asked = useRef(new Set<string>());
  const latest = useRef({ feed, columns, open, children, on });
  latest.current = { feed, columns, open, children, on };
  // Another question has other runs.
  useEffect(() => () => asked.current.clear(), [feed]);

  const look = useCallback((runs: readonly RunRow[]) => {
    if (!latest.current.on) return;
    const fresh = runs.map((run) => run.run_id).filter((id) => !asked.current.has(id)).slice(0, parentsPerRead);
    if (fresh.length === 0) return;
    fresh.forEach((id) => asked.current.add(id));
    const { experiment_ids, view } = latest.current.feed.query;
    groupRuns({ experiment_ids, view, filter: childrenOfFilter(fresh), order_by: [], by: [parentColumn], metrics: [], max_results: parentsPerRead }).then(
      ({ groups }) => groups.length > 0 && setCounts((before) => new Map([...before, ...groups.map((group) => [String(group.by[parentColumn]), group.count] as const)])),
      // Without the answer runs only lack their arrows.
      () => fresh.forEach((id) => asked.current.delete(id)),
    );
  }, []);

  const flip = useCallback((id: string) => {
    const { open: opened, children: read, feed: of, columns: wanted } = latest.current;
    setOpen(opened.has(id) ? new Set([...opened].filter((each) => each !== id)) : new Set([...opened, id]));
    if (opened.has(id) || read.has(id)) return;
    const { experiment_ids, order_by, view } = of.query;
    searchRunRows({ experiment_ids, order_by, view, filter: childrenFilter(id), columns: wanted.slice(0, columnsWithPages), max_results: childrenMost }).then(
      ({ runs }) => {
        setChildren((before) => new Map([...before, [id, runs]]));
        look(runs);
      },
      () => setOpen((now) => new Set([...now].filter((each) => each !== id))),
    );
  }, []);

  const rows = useMemo(() => (on && counts.size > 0 ? flattened(feed.rows, children, open, counts) : undefined), [on, feed.rows, children, open, counts]);
  return { rows, flip, look };
}

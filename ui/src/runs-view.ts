/** The state of the runs page as it stands in the URL, and what follows from it. */
import type { ColumnName, RunQuery, RunRow } from './api/tracking';
import { parentTag } from './api/experiments';
import { parseColumn, quoteKey, toFilter, toOrderBy } from './filter';
import { byInterest } from './format';

export interface RunsView {
  experiment_ids: string[];
  typed: string;
  sort: string | undefined;
  /** Names, patterns and exceptions (see `chosenColumns`); undefined for the usual ones. */
  columns: string[] | undefined;
  pinned: ColumnName[];
  groupBy: ColumnName[];
  /** Leaves out columns that say the same of every run. */
  onlyDiffering: boolean;
  deleted: boolean;
  /** Child runs below their parents. */
  nested: boolean;
}

const list = (text: string | null) => (text ?? '').split(',').filter((each) => each !== '');

export function viewOf(query: URLSearchParams): RunsView {
  return {
    experiment_ids: list(query.get('experiment')),
    typed: query.get('q') ?? '',
    sort: query.get('sort') ?? undefined,
    columns: query.has('columns') ? list(query.get('columns')) : undefined,
    pinned: list(query.get('pin')),
    groupBy: list(query.get('group')),
    onlyDiffering: query.get('differ') === '1',
    deleted: query.get('show') === 'deleted',
    nested: query.get('nest') !== '0',
  };
}

export const parentColumn = `tags.${parentTag}`;
const parentKey = `tags.${quoteKey(parentTag)}`;

/** Runs are shown as a tree unless somebody looks for some of them. */
export const isTree = (view: RunsView) => view.nested && toFilter(view.typed) === '' && view.groupBy.length === 0;

export function queryOf(view: RunsView): RunQuery {
  const filter = toFilter(view.typed);
  return {
    experiment_ids: view.experiment_ids,
    filter: isTree(view) ? `${parentKey} IS NULL` : filter,
    order_by: toOrderBy(view.sort),
    view: view.deleted ? 'DELETED_ONLY' : 'ACTIVE_ONLY',
  };
}

export const childrenFilter = (parent: string) => `${parentKey} = '${parent}'`;
export const childrenOfFilter = (parents: readonly string[]) => `${parentKey} IN (${parents.map((id) => `'${id}'`).join(', ')})`;

/** How many columns a first look shows. */
const usualMetrics = 4;
const usualParams = 4;
/** Among so many params those are looked for that differ. */
const paramsLookedAt = 12;

/** What is read for a first look: a choice is made of these once the values are there. */
export function candidateColumns(names: readonly ColumnName[]): ColumnName[] {
  return [
    ...byInterest(names.filter((name) => name.startsWith('metrics.') && !name.startsWith('metrics.system/'))).slice(0, usualMetrics),
    ...names.filter((name) => name.startsWith('params.')).slice(0, paramsLookedAt),
  ];
}

/** Metrics and the params whose values differ between the runs: what one came to see. */
export function usualColumns(candidates: readonly ColumnName[], rows: readonly RunRow[]): ColumnName[] {
  const params = candidates.filter((name) => name.startsWith('params.'));
  const differing = params.filter((name) => differs(name, rows));
  return [...candidates.filter((name) => name.startsWith('metrics.')), ...(differing.length > 0 ? differing : params).slice(0, usualParams)];
}

/** Whether not all runs say the same; one that has no value says something else than one that has. */
export function differs(column: ColumnName, rows: readonly RunRow[]): boolean {
  const first = rows[0]?.values[column];
  return rows.some((row) => row.values[column] !== first);
}

/** Columns that a pattern may mean. */
export const patternMost = 10_000;

/** `*loss*` stands for all columns whose key holds `loss`: five thousand names would not fit into a link. */
export const isPattern = (entry: string) => entry.length >= 2 && entry.startsWith('*') && entry.endsWith('*');
export const patternText = (pattern: string) => pattern.slice(1, -1);

/** The columns that entries of the URL mean; `!name` takes one out of a pattern. */
export function chosenColumns(entries: readonly string[], matches: (text: string) => readonly ColumnName[]): ColumnName[] {
  const without = new Set(entries.filter((entry) => entry.startsWith('!')).map((entry) => entry.slice(1)));
  const named = entries.flatMap((entry) => (entry.startsWith('!') ? [] : isPattern(entry) ? matches(patternText(entry)) : [entry]));
  return [...new Set(named)].filter((column) => !without.has(column));
}

/** The entries after one column was put in or taken out. */
export function withColumn(entries: readonly string[], column: ColumnName, chosen: boolean): string[] {
  const others = entries.filter((entry) => entry !== column && entry !== `!${column}`);
  const covered = others.some((entry) => isPattern(entry) && parseColumn(column).key.toLowerCase().includes(patternText(entry).toLowerCase()));
  if (chosen) return covered ? others : [...others, column];
  return covered ? [...others, `!${column}`] : others;
}

/** Pinned columns first, each column once. */
export function orderedColumns(columns: readonly ColumnName[], pinned: readonly ColumnName[]): ColumnName[] {
  return [...new Set([...pinned, ...columns])];
}

/** Width that a column's figures and a readable piece of its name need. */
export function columnWidth(column: ColumnName): number {
  const { kind, key } = parseColumn(column);
  return Math.min(kind === 'metrics' ? 160 : 200, Math.max(96, 44 + key.length * 7));
}

/** A row of the tree: how deep it stands and whether something is below it. */
export interface TreeRow {
  run: RunRow;
  depth: number;
  open: boolean;
  children: number;
}

/** Runs with the children of those that are open, depth first; a run that is its own ancestor is shown once. */
export function flattened(roots: readonly RunRow[], children: ReadonlyMap<string, readonly RunRow[]>, open: ReadonlySet<string>, counts: ReadonlyMap<string, number>): TreeRow[] {
  const rows: TreeRow[] = [];
  const above = new Set<string>();
  const add = (run: RunRow, depth: number) => {
    if (above.has(run.run_id)) return;
    const isOpen = open.has(run.run_id);
    rows.push({ run, depth, open: isOpen, children: counts.get(run.run_id) ?? 0 });
    if (!isOpen) return;
    above.add(run.run_id);
    for (const child of children.get(run.run_id) ?? []) add(child, depth + 1);
    above.delete(run.run_id);
  };
  for (const root of roots) add(root, 0);
  return rows;
}

/** Params, metrics and tags of runs side by side, those that differ first of all. */
import { useMemo } from 'preact/hooks';
import { searchRunRows, type CellValue, type ColumnName, type RunRow } from '../api/tracking';
import { Badge, Empty, Section, Shown } from '../components/basics';
import { Grid, type GridColumn } from '../components/grid';
import { SearchField } from '../components/search-field';
import { parseColumn } from '../filter';
import { duration, grouped } from '../format';
import { runPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, setQuery } from '../router';
import { idFilter } from '../run-feed';
import { differs } from '../runs-view';
import type { ComparedUse } from './compare';
import { cellShown, cellText, runName, tookMs } from './run-columns';

/** Columns of one request. */
const columnsPerRead = 500;

type Line = { column: ColumnName } | { what: 'status' | 'took' };

const better = { least: /loss|error|rmse|mae|mse|perplexity/i, greatest: /auc|accuracy|acc$|f1|precision|recall|r2|bleu|score/i };

/** The value that one would want, where the metric's name says which way is good. */
export function bestOf(column: ColumnName, runs: readonly RunRow[]): CellValue | undefined {
  const { kind, key } = parseColumn(column);
  if (kind !== 'metrics') return undefined;
  const values = runs.map((run) => run.values[column]).filter((value): value is number => typeof value === 'number');
  if (values.length < 2) return undefined;
  if (better.least.test(key)) return Math.min(...values);
  return better.greatest.test(key) ? Math.max(...values) : undefined;
}

async function readAll(experiment_ids: readonly string[], ids: readonly string[], columns: readonly ColumnName[], signal: AbortSignal): Promise<RunRow[]> {
  const rows = new Map<string, RunRow>();
  for (let at = 0; at < Math.max(1, columns.length); at += columnsPerRead) {
    const part = columns.slice(at, at + columnsPerRead);
    const page = await searchRunRows({ experiment_ids, filter: idFilter(ids), order_by: [], view: 'ALL', columns: part, max_results: ids.length }, signal);
    for (const run of page.runs) rows.set(run.run_id, { ...run, values: { ...rows.get(run.run_id)?.values, ...run.values } });
  }
  return ids.flatMap((id) => rows.get(id) ?? []);
}

export function Differences(props: ComparedUse) {
  const ids = props.runs.map((run) => run.run_id);
  const columns = props.columns.filter((column) => !column.startsWith('tags.mlflow.'));
  const read = useRead(ids.length > 0 ? `differences:${ids.join()}:${columns.length}` : null, (signal) => readAll(props.experiment_ids, ids, columns, signal), { on: nouns.run });
  const onlyDiffering = place.value.query.get('all') === null;
  const wanted = (place.value.query.get('key') ?? '').toLowerCase();
  return (
    <Section
      title="Parameters and metrics"
      flush
      tools={
        <>
          <SearchField label="Find a param or metric" placeholder="Find a param or metric" value={place.value.query.get('key') ?? ''} onChange={(key) => setQuery({ key }, { replace: true })} />
          <label class="check">
            <input type="checkbox" checked={onlyDiffering} onChange={() => setQuery({ all: onlyDiffering ? '1' : undefined }, { replace: true })} /> Only what differs
          </label>
        </>
      }
    >
      {ids.length === 0 ? (
        <Empty title="Every run is hidden." />
      ) : (
        <Shown read={read} rows={8}>
          {(runs) => <DifferenceTable runs={runs} columns={columns} onlyDiffering={onlyDiffering} wanted={wanted} />}
        </Shown>
      )}
    </Section>
  );
}

function DifferenceTable(props: { runs: readonly RunRow[]; columns: readonly ColumnName[]; onlyDiffering: boolean; wanted: string }) {
  const { runs } = props;
  const lines = useMemo<Line[]>(() => {
    const has = props.columns.filter((column) => runs.some((run) => run.values[column] !== undefined) && column.toLowerCase().includes(props.wanted));
    const shown = props.onlyDiffering && runs.length > 1 ? has.filter((column) => differs(column, runs)) : has;
    const order = { metrics: 0, params: 1, tags: 2, attributes: 3 };
    const sorted = [...shown].sort((a, b) => order[parseColumn(a).kind] - order[parseColumn(b).kind] || a.localeCompare(b, undefined, { numeric: true }));
    return [{ what: 'status' }, { what: 'took' }, ...sorted.map((column) => ({ column }))];
  }, [runs, props.columns, props.onlyDiffering, props.wanted]);
  const columns = useMemo<GridColumn<Line>[]>(
    () => [
      { id: 'key', width_px: 220, pinned: true, label: <span class="hidden">Name</span>, cell: (line) => <LineName line={line} /> },
      ...runs.map((run): GridColumn<Line> => ({
        id: run.run_id,
        width_px: 148,
        number: true,
        title: runName(run),
        label: <a href={runPath(run.run_id)}>{runName(run)}</a>,
        cell: (line) => <Value line={line} run={run} runs={runs} />,
      })),
    ],
    [runs],
  );
  return (
    <>
      <Grid
        label="Compared runs"
        columns={columns}
        rowCount={lines.length}
        rowAt={(index) => lines[index]}
        rowKey={(line) => ('column' in line ? line.column : line.what)}
        rowState={() => ''}
        height="min(620px, 80vh)"
      />
      {props.onlyDiffering && <p class="more">{grouped(lines.length - 2)} differ or are missing in some.</p>}
    </>
  );
}

function LineName(props: { line: Line }) {
  if ('what' in props.line) return <>{props.line.what === 'status' ? 'Status' : 'Took'}</>;
  const { kind, key } = parseColumn(props.line.column);
  return (
    <span class="clip" title={props.line.column}>
      <span class={`kind ${kind}`} aria-hidden="true" />
      {key}
    </span>
  );
}

function Value(props: { line: Line; run: RunRow; runs: readonly RunRow[] }) {
  const { line, run } = props;
  if ('what' in line) return line.what === 'status' ? <Badge state={run.status} /> : <>{duration(tookMs(run))}</>;
  const best = bestOf(line.column, props.runs);
  return (
    <span class={best !== undefined && run.values[line.column] === best ? 'best' : undefined} title={cellText(run, line.column)}>
      {cellShown(run, line.column)}
    </span>
  );
}

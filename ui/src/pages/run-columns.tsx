/** The columns of the runs table: who a run is, and its values. */
import type { ColumnName, RunRow } from '../api/tracking';
import { Badge, When } from '../components/basics';
import type { GridColumn } from '../components/grid';
import { parseColumn } from '../filter';
import { duration, measure, parameter } from '../format';
import { runPath } from '../links';
import { now } from '../live';
import { runColour } from '../plot/colours';
import type { TreeRow } from '../runs-view';
import { theme } from '../theme';

type Sort = NonNullable<GridColumn<TreeRow>['sort']>;

export const runName = (run: { run_name?: string; run_id: string }) => run.run_name || run.run_id.slice(0, 8);

/** A value as it is, for files and comparisons. */
export function cellText(run: RunRow, column: ColumnName): string {
  const value = run.values[column];
  return value === undefined ? '' : String(value);
}

export function cellShown(run: RunRow, column: ColumnName): string {
  const value = run.values[column];
  if (value === undefined) return '–';
  return parseColumn(column).kind === 'metrics' ? measure(value) : parameter(String(value));
}

export function tookMs(run: RunRow): number {
  return (run.end_time_ms ?? (run.status === 'RUNNING' ? now.value : run.start_time_ms)) - run.start_time_ms;
}

export function identityColumns(use: {
  sorter: (column: string) => Sort;
  toggle: (id: string, extend: boolean) => void;
  all: () => void;
  isSelected: (id: string) => boolean;
  flip: (id: string) => void;
}): GridColumn<TreeRow>[] {
  return [
    {
      id: 'select',
      width_px: 38,
      pinned: true,
      label: (
        <button type="button" class="plain small" aria-label="Select the runs listed, up to 100" title="Select the runs listed, up to 100" onClick={use.all}>
          ☑
        </button>
      ),
      cell: ({ run }) => (
        <input
          type="checkbox"
          checked={use.isSelected(run.run_id)}
          onClick={(event) => use.toggle(run.run_id, event.shiftKey)}
          aria-label={`Select ${runName(run)}`}
        />
      ),
    },
    {
      id: 'run_name',
      width_px: 210,
      pinned: true,
      label: 'Run',
      sort: use.sorter('run_name'),
      cell: (row) => <RunCell row={row} flip={use.flip} />,
    },
    { id: 'status', width_px: 104, label: 'Status', sort: use.sorter('status'), cell: ({ run }) => <Badge state={run.status} /> },
    { id: 'start_time', width_px: 104, label: 'Started', sort: use.sorter('start_time'), cell: ({ run }) => <When ms={run.start_time_ms} /> },
    { id: 'duration', width_px: 96, label: 'Took', number: true, cell: ({ run }) => <Took run={run} /> },
    { id: 'user_id', width_px: 110, label: 'By', cell: ({ run }) => <span class="muted">{run.user_id || '–'}</span> },
  ];
}

/** Reads the clock only where it matters, so that a tick draws only the runs that are under way. */
function Took(props: { run: RunRow }) {
  return <>{duration(tookMs(props.run))}</>;
}

function RunCell(props: { row: TreeRow; flip: (id: string) => void }) {
  const { run, depth, open, children } = props.row;
  const name = runName(run);
  return (
    <span class="run-cell" style={depth > 0 ? { paddingLeft: `${Math.min(depth, 8) * 16}px` } : undefined}>
      {children > 0 ? (
        <button
          type="button"
          class="plain twist"
          aria-expanded={open}
          aria-label={`${open ? 'Hide' : 'Show'} ${children} child runs of ${name}`}
          onClick={() => props.flip(run.run_id)}
        >
          {open ? '▾' : '▸'}
        </button>
      ) : (
        <i class="run-dot" style={{ background: runColour(run.run_id, theme.value === 'dark') }} aria-hidden="true" />
      )}
      <a href={runPath(run.run_id)} title={name}>
        {name}
      </a>
    </span>
  );
}

export function valueColumn(column: ColumnName, sort: Sort, pinned: boolean, width_px: number): GridColumn<TreeRow> {
  const { kind, key } = parseColumn(column);
  return {
    id: column,
    width_px,
    pinned,
    title: column,
    number: kind !== 'tags',
    sort,
    label: (
      <>
        <span class={`kind ${kind}`} aria-hidden="true" />
        {key}
      </>
    ),
    cell: ({ run }) => {
      const text = cellShown(run, column);
      return kind === 'metrics' ? text : <span title={cellText(run, column)}>{text}</span>;
    },
  };
}

/** What is wrong with single rows, by window: outliers, breaches, and what detectors found. */
import type { DetectedChange, FeatureBreaches, QualityCounts } from '../api/monitors';
import { count, eventTime, measure, percent, windowText } from '../format';
import { Badge, Empty } from './basics';
import { Table } from './table';

interface Window {
  start_ms: number;
  end_ms: number;
  complete: boolean;
  quality: QualityCounts;
  changes: readonly DetectedChange[];
}

export const breachKinds = [
  { kind: 'missing', label: 'Missing', words: 'missing, where the reference never was' },
  { kind: 'new_category', label: 'New category', words: 'a value that the reference has not' },
  { kind: 'out_of_range', label: 'Out of range', words: 'beyond the least or the largest of the reference' },
  { kind: 'type_changed', label: 'Type changed', words: 'of another type than in the reference' },
  { kind: 'stale', label: 'Stale', words: 'older than the monitor allows' },
] as const;
export type BreachKind = (typeof breachKinds)[number]['kind'];

export const breachesOf = (quality: QualityCounts, kind: BreachKind) => quality.breaches.reduce((sum, each) => sum + each[kind], 0);
export const rowsOf = (breach: FeatureBreaches) => breachKinds.reduce((sum, { kind }) => sum + breach[kind], 0);

const figure = (amount: number) => (amount === 0 ? <span class="muted">0</span> : <b>{count(amount)}</b>);

export function QualityByWindow(props: { windows: readonly Window[]; to?: (window: Window) => string; current?: number }) {
  const { to } = props;
  const rows = [...props.windows].reverse();
  return (
    <Table
      label="Data quality by window"
      rows={rows}
      rowKey={(window) => window.start_ms}
      to={to}
      current={(window) => window.start_ms === props.current}
      height="320px"
      columns={[
        {
          id: 'window',
          label: 'Window',
          cell: (window) => (
            <>
              {to ? <a href={to(window)}>{windowText(window.start_ms, window.end_ms)}</a> : windowText(window.start_ms, window.end_ms)}
              {!window.complete && <span class="muted"> not over yet</span>}
            </>
          ),
        },
        { id: 'rows', label: 'Rows', number: true, cell: (window) => count(window.quality.rows) },
        { id: 'outliers', label: 'Outliers', number: true, cell: (window) => (window.quality.rows === 0 ? <span class="muted">–</span> : percent(window.quality.outlier_share, 2)) },
        ...breachKinds.map(({ kind, label }) => ({ id: kind, label, number: true, cell: (window: Window) => figure(breachesOf(window.quality, kind)) })),
        { id: 'constant', label: 'Constant or absent', number: true, cell: (window) => figure(window.quality.breaches.filter((each) => each.constant || each.absent).length) },
        { id: 'new', label: 'New columns', number: true, cell: (window) => figure(window.quality.new_columns) },
        { id: 'changes', label: 'Changes', number: true, grow: true, cell: (window) => figure(window.changes.reduce((sum, each) => sum + each.alarms, 0)) },
      ]}
    />
  );
}

const methods: Record<string, string> = { cusum: 'CUSUM', page_hinkley: 'Page–Hinkley', adwin: 'ADWIN' };
const names: Record<string, string> = { error: 'the error', score: 'the answer' };

/** Alarms of detectors, the newest first. */
export function ChangeList(props: { windows: readonly Pick<Window, 'start_ms' | 'end_ms' | 'changes'>[] }) {
  const found = props.windows.flatMap((window) => window.changes.filter((change) => change.alarms > 0 && change.first_ms !== null)).sort((a, b) => (b.first_ms ?? 0) - (a.first_ms ?? 0));
  if (found.length === 0) return <Empty title="No detector found a change." />;
  return (
    <ol class="health-entries preview-alerts" aria-label="Changes that detectors found">
      {found.map((change, i) => (
        <li key={i}>
          <span class="figures muted">{eventTime(change.first_ms ?? 0).slice(0, 16)}</span>
          <Badge state="warning" label={methods[change.detector.method] ?? change.detector.method} />
          <span class="health-entry">
            the mean of <b>{names[change.name] ?? change.name}</b> was {measure(change.before, 4)}, and {measure(change.after, 4)} since
          </span>
        </li>
      ))}
    </ol>
  );
}

/** Runs beside each other: curves, points, parallel coordinates, boxes, contours, differences. */
import { useMemo } from 'preact/hooks';
import { listRunColumns, searchRunRows, type ColumnName, type RunRow } from '../api/tracking';
import { settingsOf } from '../chart-settings';
import { Choice, Empty, Page, Section, Shown, Skeleton } from '../components/basics';
import { KeyChooser } from '../components/key-chooser';
import { ChartTools, MetricCharts } from '../components/metric-charts';
import { comparedMost } from '../components/run-actions';
import { byInterest } from '../format';
import { runPath } from '../links';
import { nouns } from '../nouns';
import { runColour } from '../plot/colours';
import { useRead } from '../query';
import { place, setQuery } from '../router';
import { idFilter } from '../run-feed';
import { theme } from '../theme';
import { Differences } from './compare-differences';
import { BoxView, ContourView, ParallelView, ScatterView } from './compare-views';
import { runName } from './run-columns';

const views = ['lines', 'scatter', 'parallel', 'box', 'contour', 'diff'] as const;
type ViewName = (typeof views)[number];
const viewLabels: Record<ViewName, string> = { lines: 'Curves', scatter: 'Scatter', parallel: 'Parallel', box: 'Box', contour: 'Contour', diff: 'Differences' };
const knownMost = 1_000;
const usualMetrics = 4;
const chartedMost = 60;

export const listOf = (name: string) => (place.value.query.get(name) ?? '').split(',').filter((each) => each !== '');

export function Compare() {
  const ids = listOf('runs').slice(0, comparedMost);
  const read = useRead(
    ids.length > 0 ? `compared:${ids.join()}` : null,
    (signal) => searchRunRows({ experiment_ids: [], filter: idFilter(ids), order_by: [], view: 'ALL', columns: [], max_results: ids.length }, signal),
    { on: nouns.run },
  );
  return (
    <Page title="Compare runs" trail={[{ label: 'Runs', to: '/runs' }]}>
      {ids.length === 0 ? (
        <Empty title="No runs chosen.">
          Select runs in <a href="/runs">the table</a> with <kbd>x</kbd> and press Compare.
        </Empty>
      ) : (
        <Shown read={read} rows={8}>
          {({ runs }) => <Compared ids={ids} runs={runs} />}
        </Shown>
      )}
    </Page>
  );
}

function Compared(props: { ids: readonly string[]; runs: readonly RunRow[] }) {
  // In the order in which they were chosen.
  const runs = useMemo(() => props.ids.flatMap((id) => props.runs.find((run) => run.run_id === id) ?? []), [props.ids.join(), props.runs]);
  const missing = props.ids.filter((id) => !runs.some((run) => run.run_id === id));
  const experiment_ids = [...new Set(runs.map((run) => run.experiment_id))];
  const wanted = place.value.query.get('view') as ViewName;
  const view = views.includes(wanted) ? wanted : 'lines';
  const hidden = listOf('hidden');
  const shown = useMemo(() => runs.filter((run) => !hidden.includes(run.run_id)), [runs, hidden.join()]);
  const known = useRead(`columns:${experiment_ids.join()}`, (signal) => listRunColumns({ experiment_ids, max_results: knownMost }, signal));
  if (!known.data) return <Skeleton rows={8} />;
  const { columns } = known.data;
  const use = { runs: shown, columns, experiment_ids };
  return (
    <>
      {missing.length > 0 && <p class="failure">Not found: {missing.map((id) => id.slice(0, 8)).join(', ')}</p>}
      <div class="toolbar">
        <Choice label="View" value={view} options={views.map((value) => ({ value, label: viewLabels[value] }))} onChange={(value) => setQuery({ view: value === 'lines' ? undefined : value })} />
      </div>
      <div class="with-legend">
        <RunLegend runs={runs} hidden={hidden} />
        <div>
          {view === 'lines' && <Curves {...use} />}
          {view === 'scatter' && <ScatterView {...use} />}
          {view === 'parallel' && <ParallelView {...use} />}
          {view === 'box' && <BoxView {...use} />}
          {view === 'contour' && <ContourView {...use} />}
          {(view === 'diff' || view === 'lines') && <Differences {...use} />}
        </div>
      </div>
    </>
  );
}

export interface ComparedUse {
  runs: readonly RunRow[];
  columns: readonly ColumnName[];
  experiment_ids: readonly string[];
}

/** Every run with its colour; each can be taken out of sight. */
function RunLegend(props: { runs: readonly RunRow[]; hidden: readonly string[] }) {
  const { hidden } = props;
  const set = (ids: readonly string[]) => setQuery({ hidden: ids.join(',') }, { replace: true });
  const dark = theme.value === 'dark';
  return (
    <aside class="run-legend" aria-label="Compared runs">
      <div class="run-legend-head">
        <span class="note">{props.runs.length} runs</span>
        <button type="button" class="plain small" onClick={() => set([])} disabled={hidden.length === 0}>
          Show all
        </button>
        <button type="button" class="plain small" onClick={() => set(props.runs.map((run) => run.run_id))}>
          None
        </button>
      </div>
      <ul>
        {props.runs.map((run) => {
          const shown = !hidden.includes(run.run_id);
          return (
            <li key={run.run_id}>
              <label>
                <input
                  type="checkbox"
                  checked={shown}
                  aria-label={`Show ${runName(run)}`}
                  onChange={() => set(shown ? [...hidden, run.run_id] : hidden.filter((id) => id !== run.run_id))}
                />
                <i class="run-dot" style={{ background: runColour(run.run_id, dark) }} aria-hidden="true" />
              </label>
              <a href={runPath(run.run_id)} title={runName(run)}>
                {runName(run)}
              </a>
            </li>
          );
        })}
      </ul>
    </aside>
  );
}

function Curves(props: ComparedUse) {
  const settings = settingsOf(place.value.query);
  const metrics = props.columns.filter((column) => column.startsWith('metrics.'));
  const chosen = listOf('metrics');
  const usual = byInterest(metrics.filter((column) => !column.startsWith('metrics.system/'))).slice(0, usualMetrics);
  const drawn = (chosen.length > 0 ? chosen : usual).slice(0, chartedMost);
  const runs = useMemo(() => props.runs.map((run) => ({ run_id: run.run_id, label: runName(run), running: run.status === 'RUNNING' })), [props.runs]);
  return (
    <Section
      title="Curves"
      tools={
        <>
          <KeyChooser
            label="Metrics"
            only="metrics"
            most={chartedMost}
            experiment_ids={props.experiment_ids}
            chosen={drawn}
            onChange={(columns) => setQuery({ metrics: columns.join(',') }, { replace: true })}
          />
          <ChartTools settings={settings} />
        </>
      }
    >
      {runs.length === 0 ? <Empty title="Every run is hidden." /> : drawn.length === 0 ? <Empty title="These runs have no metrics." /> : null}
      {runs.length > 0 && <MetricCharts runs={runs} keys={drawn.map((column) => column.slice('metrics.'.length))} settings={settings} height={240} wide />}
    </Section>
  );
}

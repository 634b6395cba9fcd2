/** Runs beside each other: where their parameters differ, how their metrics went. */
import { getMetricHistory, getRun, type Run } from '../api/mlflow';
import { Badge, Empty, Page, Section, Select, Shown } from '../components/basics';
import { Chart } from '../components/chart';
import { byInterest, duration, measure, parameter } from '../format';
import { runPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, setQuery } from '../router';
import { align, metricSeries, thin } from '../series';

const comparedMax = 10;
const chartSlots = 400;

export function Compare() {
  const ids = (place.value.query.get('runs') ?? '').split(',').filter(Boolean).slice(0, comparedMax);
  const runs = useRead(ids.length > 0 ? `runs:${ids.join(',')}` : null, (signal) => Promise.all(ids.map((id) => getRun(id, signal))), {
    on: nouns.run,
  });
  return (
    <Page title="Compare runs" trail={[{ label: 'Runs', to: '/runs' }]}>
      {ids.length === 0 ? (
        <Empty title="No runs chosen.">
          Select runs in <a href="/runs">the table</a> with <kbd>x</kbd> and press Compare.
        </Empty>
      ) : (
        <Shown read={runs}>
          {(list) => (
            <>
              <Curves runs={list} />
              <Differences runs={list} />
            </>
          )}
        </Shown>
      )}
    </Page>
  );
}

function nameOf(run: Run): string {
  return run.info.run_name || run.info.run_id.slice(0, 8);
}

function Curves(props: { runs: readonly Run[] }) {
  const keys = [...new Set(props.runs.flatMap((run) => (run.data.metrics ?? []).map((metric) => metric.key)))].sort();
  const chosen = place.value.query.get('metric') ?? byInterest(keys.filter((key) => /auc/i.test(key)))[0] ?? byInterest(keys)[0];
  const histories = useRead(chosen ? `compare:${props.runs.map((run) => run.info.run_id).join(',')}:${chosen}` : null, (signal) =>
    Promise.all(props.runs.map((run) => getMetricHistory(run.info.run_id, chosen!, signal))),
  );
  if (!chosen) return null;
  return (
    <Section
      title="Curves"
      tools={<Select label="Metric" value={chosen} options={keys.map((key) => ({ value: key, label: key }))} onChange={(metric) => setQuery({ metric })} />}
    >
      <Shown read={histories}>
        {(data) => {
          const [xs, ...columns] = align(data.map((points) => thin(metricSeries(points, 'step'), chartSlots)));
          return (
            <Chart
              key={chosen}
              label={`${chosen} by step`}
              xs={xs}
              lines={props.runs.map((run, i) => ({ label: nameOf(run), values: columns[i] ?? [] }))}
              height={260}
            />
          );
        }}
      </Shown>
    </Section>
  );
}

function Differences(props: { runs: readonly Run[] }) {
  const params = keysOf(props.runs, (run) => run.data.params ?? []);
  const metrics = keysOf(props.runs, (run) => run.data.metrics ?? []);
  const onlyDifferent = place.value.query.get('all') === null;
  const param = (run: Run, key: string) => run.data.params?.find((each) => each.key === key)?.value ?? '–';
  const shown = onlyDifferent ? params.filter((key) => new Set(props.runs.map((run) => param(run, key))).size > 1) : params;
  const best = (key: string) => {
    const values = props.runs.map((run) => run.data.metrics?.find((each) => each.key === key)?.value).filter((value) => typeof value === 'number');
    if (/loss|error|rmse|mae|mse/i.test(key)) return Math.min(...values);
    return /auc|accuracy|f1|precision|recall|r2/i.test(key) ? Math.max(...values) : undefined;
  };
  return (
    <Section
      title="Parameters and metrics"
      flush
      tools={
        <label class="check">
          <input type="checkbox" checked={onlyDifferent} onChange={() => setQuery({ all: onlyDifferent ? '1' : undefined }, { replace: true })} /> Only
          parameters that differ
        </label>
      }
    >
      <div class="table-box">
        <table aria-label="Compared runs">
          <thead>
            <tr>
              <th scope="col" />
              {props.runs.map((run) => (
                <th key={run.info.run_id} scope="col" class="number">
                  <a href={runPath(run.info.run_id)}>{nameOf(run)}</a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">Status</th>
              {props.runs.map((run) => (
                <td key={run.info.run_id} class="number">
                  <Badge state={run.info.status} />
                </td>
              ))}
            </tr>
            <tr>
              <th scope="row">Took</th>
              {props.runs.map((run) => (
                <td key={run.info.run_id} class="number">
                  {run.info.end_time ? duration(run.info.end_time - run.info.start_time) : '–'}
                </td>
              ))}
            </tr>
            {metrics.map((key) => (
              <tr key={`m${key}`}>
                <th scope="row">
                  <span class="kind metrics" aria-hidden="true" />
                  {key}
                </th>
                {props.runs.map((run) => {
                  const value = run.data.metrics?.find((each) => each.key === key)?.value;
                  return (
                    <td key={run.info.run_id} class={value === best(key) ? 'number best' : 'number'}>
                      {measure(value, 5)}
                    </td>
                  );
                })}
              </tr>
            ))}
            {shown.map((key) => (
              <tr key={`p${key}`}>
                <th scope="row">
                  <span class="kind params" aria-hidden="true" />
                  {key}
                </th>
                {props.runs.map((run) => (
                  <td key={run.info.run_id} class="number">
                    <span title={param(run, key)}>{parameter(param(run, key))}</span>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

function keysOf(runs: readonly Run[], entries: (run: Run) => readonly { key: string }[]): string[] {
  return [...new Set(runs.flatMap((run) => entries(run).map((entry) => entry.key)))].sort();
}

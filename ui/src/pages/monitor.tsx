/** A monitor: the five questions answered, drift by feature, performance by labels, alerts. */
import {
  getDistribution,
  getDrift,
  getMonitor,
  getPerformance,
  listAlerts,
  type Distribution,
  type DriftWindow,
  type Monitor,
  type PerformanceWindow,
} from '../api/monitors';
import { AlertTable } from '../components/alert-table';
import { Badge, Empty, Page, Section, Select, Shown } from '../components/basics';
import { ComparedBars, Spark } from '../components/bars';
import { Chart, paletteColour } from '../components/chart';
import { Table } from '../components/table';
import { count, duration, eventTime, grouped, inline, measure, percent, windowText } from '../format';
import { endpointPath, lineagePath, monitorPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, setQuery } from '../router';
import { driftLines } from '../series';

const pollMs = 5_000;
/** Lines that can be told apart in one chart; the table below has them all. */
const linesMax = 8;

export function MonitorPage(props: { name: string }) {
  const on = nouns.monitor;
  const monitor = useRead(`monitor:${props.name}`, (signal) => getMonitor(props.name, signal), { on, pollMs });
  const drift = useRead(`drift:${props.name}`, (signal) => getDrift(props.name, signal), { on, pollMs });
  const performance = useRead(`performance:${props.name}`, (signal) => getPerformance(props.name, signal), { on, pollMs });
  const alerts = useRead(`alerts:of:${props.name}`, (signal) => listAlerts({ monitor: props.name }, signal), { on: [...on, 'pipeline_run'] });
  const open = (alerts.data ?? []).filter((alert) => alert.state === 'open' && alert.monitor === props.name).length;
  return (
    <Page
      title={props.name}
      trail={[{ label: 'Monitors', to: '/monitors' }]}
      badge={alerts.data && (open > 0 ? <Badge state="open" label={`${open} open ${open === 1 ? 'alert' : 'alerts'}`} /> : <Badge state="ready" label="no open alert" />)}
      sub={
        monitor.data && (
          <>
            watches <a href={endpointPath(monitor.data.endpoint)}>{monitor.data.endpoint}</a> against {monitor.data.reference} · limits{' '}
            {Object.entries(monitor.data.thresholds)
              .map(([key, value]) => `${key} ${inline(value)}`)
              .join(', ')}
          </>
        )
      }
      actions={
        <a class="button" href={lineagePath(`monitor:${props.name}`)}>
          Lineage
        </a>
      }
    >
      <Shown read={monitor} rows={6}>
        {(data) => <FiveQuestions monitor={data} />}
      </Shown>
      <Section title="Alerts" flush>
        <Shown read={alerts}>
          {(list) => {
            const mine = list.filter((alert) => alert.monitor === props.name);
            return mine.length === 0 ? <Empty title="No alert so far." /> : <AlertTable alerts={mine} withoutMonitor />;
          }}
        </Shown>
      </Section>
      <Shown read={drift} rows={6}>
        {(windows) => (windows.length === 0 ? <NoWindows what="Drift" /> : <Drift name={props.name} windows={windows} />)}
      </Shown>
      <Shown read={performance} rows={6}>
        {(windows) => (windows.length === 0 ? <NoWindows what="Performance" /> : <Performance windows={windows} />)}
      </Shown>
    </Page>
  );
}

/** Windows stand side by side: years may lie between two, as between a replay and a question asked today. */
function windowName(start_ms: number): string {
  const text = eventTime(start_ms);
  return start_ms % 86_400_000 === 0 ? text.slice(0, 10) : text.slice(0, 16);
}

function NoWindows(props: { what: string }) {
  return (
    <Section title={props.what}>
      <Empty title="No window is complete yet.">The first one is judged when its time has passed and predictions fell into it.</Empty>
    </Section>
  );
}

function FiveQuestions(props: { monitor: Monitor }) {
  const { summary } = props.monitor;
  const drifted = summary.features.filter((feature) => feature.drifted);
  return (
    <section class="questions" aria-label="Five questions">
      <Question ask="How many predictions?">
        <b>{count(summary.predictions)}</b>
        <span>{grouped(summary.predictions)} logged</span>
      </Question>
      <Question ask="How long did they take?">
        <b>{duration(summary.latency_p50_ms)}</b>
        <span>median · p99 {duration(summary.latency_p99_ms)}</span>
      </Question>
      <Question ask="What did the inputs look like?">
        <b class={drifted.length > 0 ? 'warn-text' : ''}>{drifted.length === 0 ? 'As in training' : `${drifted.length} drifted`}</b>
        <span>{drifted.length === 0 ? `${summary.features.length} features within limits` : drifted.map((feature) => feature.name).join(', ')}</span>
      </Question>
      <Question ask="Which features were used?">
        <b>{summary.features.length}</b>
        <span title={summary.features.map((feature) => feature.name).join(', ')}>{summary.features.map((feature) => feature.name).join(', ')}</span>
      </Question>
      <Question ask="What was predicted, what happened?">
        <b>
          {percent(summary.positive_rate_predicted)} <small>→</small> {percent(summary.positive_rate_actual)}
        </b>
        <span>
          {count(summary.outcomes)} outcomes known, {percent(summary.coverage)} of all
        </span>
      </Question>
    </section>
  );
}

function Question(props: { ask: string; children: preact.ComponentChildren }) {
  return (
    <div class="question">
      <h2>{props.ask}</h2>
      {props.children}
    </div>
  );
}

function Drift(props: { name: string; windows: DriftWindow[] }) {
  const { lines } = driftLines(props.windows);
  const chosen = place.value.query.get('feature') ?? lines[0]?.name ?? '';
  const askedWindow = place.value.query.get('window');
  const index = askedWindow ? props.windows.findIndex((window) => String(window.start_ms) === askedWindow) : -1;
  const judged = props.windows.findLastIndex((each) => each.features.some((feature) => feature.score !== null));
  const picked = index >= 0 ? index : judged >= 0 ? judged : props.windows.length - 1;
  const window = props.windows[picked]!;
  const limits = [...new Set(lines.map((line) => line.threshold))];
  const limit = limits.length === 1 ? limits[0]! : (lines.find((line) => line.name === chosen)?.threshold ?? 0);
  const methods = [...new Set(lines.map((line) => line.method))];
  const choose = (i: number) => setQuery({ window: String(props.windows[i]!.start_ms) }, { replace: true });
  return (
    <>
      <Section title="Drift by feature" note={`${methods.join(', ')} against the reference · ${props.windows.length} windows · click one to look into it`}>
        <Chart
          label="Drift score of each feature by window"
          xs={props.windows.map((_, i) => i)}
          names={props.windows.map((each) => windowName(each.start_ms))}
          across="Window from"
          fromZero
          height={230}
          lines={lines.slice(0, linesMax).map((line) => ({ label: line.name, values: line.scores }))}
          limits={[{ value: limit, label: `limit ${measure(limit, 3)}` }]}
          picked={picked}
          onPick={choose}
        />
      </Section>
      <div class="columns halves">
        <Section title="Features" note={limits.length === 1 ? `limit ${measure(limit, 3)}` : undefined} flush>
          <Table
            label="Drift of features"
            rows={lines}
            rowKey={(line) => line.name}
            to={(line) => monitorPath(props.name, { feature: line.name, window: askedWindow ?? undefined })}
            current={(line) => line.name === chosen}
            columns={[
              {
                id: 'name',
                label: 'Feature',
                cell: (line) => (
                  <>
                    <span class="swatch" style={{ background: paletteColour(lines.indexOf(line)) }} aria-hidden="true" />
                    <a href={monitorPath(props.name, { feature: line.name, window: askedWindow ?? undefined })}>{line.name}</a>
                  </>
                ),
              },
              {
                id: 'latest',
                label: 'Latest',
                number: true,
                cell: (line) => <span class={(line.latest ?? 0) > line.threshold ? 'bad-text' : ''}>{measure(line.latest, 3)}</span>,
              },
              { id: 'windows', label: 'Drifted', number: true, cell: (line) => `${line.driftedWindows}/${props.windows.length}` },
              {
                id: 'spark',
                label: 'Course',
                cell: (line) => <Spark values={line.scores} limit={line.threshold} width={90} label={`Course of ${line.name}, limit ${measure(line.threshold, 3)}`} />,
              },
            ]}
          />
        </Section>
        <Section
          title={`Distribution of ${chosen}`}
          tools={
            <Select
              label="Window"
              value={String(window.start_ms)}
              options={props.windows.map((each) => ({ value: String(each.start_ms), label: windowText(each.start_ms, each.end_ms) }))}
              onChange={(value) => setQuery({ window: value }, { replace: true })}
            />
          }
        >
          {chosen && <DistributionOf name={props.name} feature={chosen} window={window} />}
        </Section>
      </div>
    </>
  );
}

function DistributionOf(props: { name: string; feature: string; window: DriftWindow }) {
  const distribution = useRead(`distribution:${props.name}:${props.feature}:${props.window.start_ms}`, (signal) =>
    getDistribution(props.name, props.feature, props.window, signal),
  );
  const drift = props.window.features.find((feature) => feature.name === props.feature);
  return (
    <Shown read={distribution}>
      {(data) => (
        <>
          <ul class="share-legend">
            <li>
              <span class="swatch ref" /> reference
            </li>
            <li>
              <span class="swatch cur" /> {windowText(props.window.start_ms, props.window.end_ms)}{' '}
              <span class="muted">{count(props.window.rows)} rows</span>
            </li>
            {drift && (
              <li>
                {drift.method} <b class={drift.drifted ? 'bad-text figures' : 'figures'}>{measure(drift.score, 3)}</b>
              </li>
            )}
          </ul>
          <ComparedBars
            label={`Distribution of ${props.feature}: reference and ${windowText(props.window.start_ms, props.window.end_ms)}`}
            labels={binLabels(data)}
            reference={data.reference}
            current={data.current}
          />
        </>
      )}
    </Shown>
  );
}

/** What stands under each bin: a category, or where the bin begins. */
export function binLabels(distribution: Pick<Distribution, 'edges' | 'categories' | 'reference'>): string[] {
  if (distribution.categories) return distribution.categories;
  const edges = distribution.edges ?? [];
  return distribution.reference.map((_, i) => {
    const from = edges[i];
    const to = edges[i + 1];
    return `${from === undefined ? '−∞' : measure(from, 3)}–${to === undefined ? '∞' : measure(to, 3)}`;
  });
}

function Performance(props: { windows: PerformanceWindow[] }) {
  const { windows } = props;
  const limit = windows.find((window) => window.threshold !== null)?.threshold;
  const xs = windows.map((_, i) => i);
  const names = windows.map((window) => windowName(window.start_ms));
  return (
    <Section title="Performance" note="by event time, once outcomes arrived">
      <div class="charts two">
        <figure>
          <figcaption>AUC</figcaption>
          <Chart
            label="AUC by window"
            xs={xs}
            names={names}
            across="Window from"
            height={190}
            sync="performance"
            lines={[{ label: 'AUC', values: windows.map((window) => window.auc) }]}
            limits={limit === undefined || limit === null ? [] : [{ value: limit, label: `limit ${measure(limit, 3)}` }]}
          />
        </figure>
        <figure>
          <figcaption>Predictions with a known outcome</figcaption>
          <Chart
            label="Label coverage by window"
            xs={xs}
            names={names}
            across="Window from"
            fromZero
            height={190}
            sync="performance"
            format={count}
            lines={[
              { label: 'predictions', values: windows.map((window) => window.predictions), colour: 7 },
              { label: 'outcomes', values: windows.map((window) => window.outcomes), fill: true, colour: 1 },
            ]}
          />
        </figure>
      </div>
      <Table
        label="Performance by window"
        rows={[...windows].reverse()}
        rowKey={(window) => window.start_ms}
        columns={[
          { id: 'window', label: 'Window', cell: (window) => windowText(window.start_ms, window.end_ms) },
          { id: 'predictions', label: 'Predictions', number: true, cell: (window) => count(window.predictions) },
          { id: 'coverage', label: 'Coverage', number: true, cell: (window) => percent(window.outcomes / Math.max(1, window.predictions)) },
          {
            id: 'auc',
            label: 'AUC',
            number: true,
            cell: (window) => (
              <span class={window.auc !== null && window.threshold !== null && window.auc < window.threshold ? 'bad-text' : ''}>{measure(window.auc)}</span>
            ),
          },
          { id: 'log_loss', label: 'Log loss', number: true, cell: (window) => measure(window.log_loss) },
          { id: 'accuracy', label: 'Accuracy', number: true, cell: (window) => percent(window.accuracy) },
        ]}
      />
    </Section>
  );
}

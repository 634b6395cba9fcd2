/**
 * The health of a model: traffic, latency, errors, performance, drift, slices, alerts and what was
 * done, all over the same windows; of all that was asked or of a slice.
 */
import { useState } from 'preact/hooks';
import {
  evidentlyPath,
  getDistribution,
  getHealth,
  getMonitor,
  getSlices,
  listAlerts,
  reportPath,
  type Band,
  type Distribution,
  type Health,
  type HealthWindow,
  type Monitor,
  type MonitorSummaryFigures,
} from '../api/monitors';
import { AlertTable } from '../components/alert-table';
import { Badge, Empty, Page, Section, Select, Shown } from '../components/basics';
import { ComparedBars, Spark } from '../components/bars';
import { Chart } from '../components/chart';
import { DriftHeat } from '../components/drift-heat';
import { HealthQuality } from '../components/health-quality';
import { HealthTimeline, timelineKinds } from '../components/health-timeline';
import { LoggedRows } from '../components/logged-rows';
import { SliceTables } from '../components/slice-tables';
import { Table } from '../components/table';
import { count, duration, eventTime, grouped, inline, measure, percent, plural, windowText } from '../format';
import { endpointPath, lineagePath, loopPath, modelPath, monitorEditPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, searchOf, setQuery } from '../router';
import { driftLines } from '../series';
import { narrowed, slotOf } from '../slices';

/** The five questions count predictions, which make no events. */
const pollMs = 5_000;
const spans = ['8', '26', '52'];

export function MonitorPage(props: { name: string }) {
  const where = place.value.query.get('where') ?? '';
  const monitor = useRead(`monitor:${props.name}`, (signal) => getMonitor(props.name, signal), { on: nouns.monitor, pollMs });
  const health = useRead(`health:${props.name}:${where}`, (signal) => getHealth(props.name, where, signal), { on: nouns.health });
  const alerts = useRead(`alerts:of:${props.name}`, (signal) => listAlerts({ monitor: props.name }, signal), { on: [...nouns.monitor, 'pipeline_run'] });
  const open = (alerts.data ?? []).filter((alert) => alert.state === 'open' && alert.monitor === props.name).length;
  const model = monitor.data?.model;
  return (
    <Page
      title={props.name}
      trail={[{ label: 'Monitors', to: '/monitors' }]}
      badge={alerts.data && (open > 0 ? <Badge state="open" label={`${open} open ${open === 1 ? 'alert' : 'alerts'}`} /> : <Badge state="ready" label="no open alert" />)}
      sub={
        monitor.data && (
          <>
            health of {model ? <a href={modelPath(model)}>{model}</a> : 'a model'} behind <a href={endpointPath(monitor.data.endpoint)}>{monitor.data.endpoint}</a> against{' '}
            {monitor.data.reference} · limits{' '}
            {Object.entries(monitor.data.thresholds)
              .map(([key, value]) => `${key} ${inline(value)}`)
              .join(', ')}
          </>
        )
      }
      actions={
        <>
          <a class="button" href={monitorEditPath(props.name)}>
            Edit
          </a>
          <a class="button" href={reportPath(props.name, { where })} download={`${props.name}.html`}>
            Report
          </a>
          {model && health.data?.timeline.some((entry) => entry.kind === 'decision') && (
            <a class="button" href={loopPath(model)}>
              Loop
            </a>
          )}
          <a class="button" href={lineagePath(`monitor:${props.name}`)}>
            Lineage
          </a>
        </>
      }
    >
      {monitor.data && <SliceBar where={where} monitor={monitor.data} />}
      <Shown read={monitor} rows={6}>
        {(data) => (
          <>
            {where === '' && <FiveQuestions summary={data.summary} />}
            <Shown read={health} rows={8}>
              {(found) => <HealthOf monitor={data} health={found} where={where} />}
            </Shown>
          </>
        )}
      </Shown>
      <Section title="Alerts" flush>
        <Shown read={alerts}>
          {(list) => {
            const mine = list.filter((alert) => alert.monitor === props.name);
            return mine.length === 0 ? <Empty title="No alert so far." /> : <AlertTable alerts={mine} withoutMonitor />;
          }}
        </Shown>
      </Section>
    </Page>
  );
}

/** What is typed here is a condition in SQL; then everything below is of what it holds for. */
function SliceBar(props: { where: string; monitor: Monitor }) {
  const [text, setText] = useState<string | undefined>();
  const shown = text ?? props.where;
  const example = props.monitor.profile_features[0] ?? 'amount';
  const apply = (value: string) => {
    setText(undefined);
    setQuery({ where: value.trim() });
  };
  return (
    <form
      class="slice-bar"
      onSubmit={(event) => {
        event.preventDefault();
        apply(shown);
      }}
    >
      <label>
        <span>Slice</span>
        <input
          type="search"
          data-search
          spellcheck={false}
          autocomplete="off"
          list="slice-columns"
          placeholder={`all predictions; or input_${example} IS NULL, output_… > 0.5, model_version = '2'`}
          value={shown}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <datalist id="slice-columns">
        {props.monitor.profile_features.map((feature) => (
          <option key={feature} value={`input_${feature}`} />
        ))}
      </datalist>
      <button type="submit" class="primary" disabled={shown === props.where}>
        Show
      </button>
      {props.where !== '' && (
        <button type="button" onClick={() => apply('')}>
          All predictions
        </button>
      )}
      <Select
        label="Windows"
        value={place.value.query.get('last') ?? ''}
        options={[{ value: '', label: 'all' }, ...spans.map((each) => ({ value: each, label: `last ${each}` }))]}
        onChange={(value) => setQuery({ last: value })}
      />
    </form>
  );
}

/** Windows stand side by side: years may lie between two, as between a replay and a question asked today. */
function windowName(start_ms: number): string {
  const text = eventTime(start_ms);
  return start_ms % 86_400_000 === 0 ? text.slice(0, 10) : text.slice(0, 16);
}

function HealthOf(props: { monitor: Monitor; health: Health; where: string }) {
  const { monitor, health, where } = props;
  const asked = place.value.query.get('last') ?? '';
  const windows = spans.includes(asked) ? health.windows.slice(-Number(asked)) : health.windows;
  if (windows.length === 0) {
    return (
      <Section title="Health">
        {where === '' ? (
          <Empty title="No window was measured yet.">The first one is measured soon after predictions fell into it, and judged when its time has passed.</Empty>
        ) : (
          <Empty title="No prediction is in this slice." />
        )}
      </Section>
    );
  }
  const first_ms = windows[0]!.start_ms;
  const entries = health.timeline.filter((entry) => windows.length === health.windows.length || entry.event_time_ms >= first_ms);
  const marks = entries
    .filter((entry) => entry.kind === 'deployment' && entry.state === 'live')
    .map((entry) => ({ at: slotOf(windows, entry.event_time_ms), colour: timelineKinds[0].colour }));
  const window = pickedWindow(windows);
  const rows = place.value.query.get('rows') ?? '';
  const rowsPath = (condition: string, of?: HealthWindow) => `${place.value.path}${searchOf(place.value.query, { rows: condition, window: of ? String(of.start_ms) : place.value.query.get('window') ?? undefined, of: of ? 'window' : undefined })}`;
  // Rows of one window, or of all windows that are shown.
  const isOfWindow = place.value.query.get('of') === 'window';
  const span = isOfWindow ? { from_ms: window.start_ms, to_ms: window.end_ms } : { from_ms: first_ms, to_ms: windows[windows.length - 1]!.end_ms };
  const axis: Axis = { windows, xs: windows.map((_, i) => i), names: windows.map((window) => windowName(window.start_ms)), marks };
  return (
    <>
      {where !== '' && <FiveQuestions summary={summaryOf(windows, health.task)} />}
      {health.partial && <p class="note-line muted">Older windows of this slice are not shown.</p>}
      <Section title="What was done and noticed" note="alerts, decisions of the loop and deployments on the axis of the charts below">
        {entries.length === 0 ? <Empty title="Nothing so far." /> : <HealthTimeline windows={windows} entries={entries} />}
      </Section>
      <Traffic axis={axis} />
      <Performance axis={axis} health={health} />
      <Drift name={monitor.name} axis={axis} health={health} where={where} />
      <HealthQuality
        name={monitor.name}
        where={where}
        windows={windows}
        axis={axis}
        window={window}
        toWindow={(start_ms) => place.value.path + searchOf(place.value.query, { window: String(start_ms) })}
        pick={(start_ms) => setQuery({ window: String(start_ms) }, { replace: true })}
        rows={rowsPath}
      />
      {rows !== '' && (
        <LoggedRows
          log={monitor.endpoint}
          slice={{ where: narrowed(where, rows), ...span }}
          title={windowText(span.from_ms, span.to_ms)}
          asSlice={place.value.path + searchOf(place.value.query, { where: narrowed(where, rows), rows: undefined, of: undefined })}
          close={() => setQuery({ rows: undefined, of: undefined }, { replace: true })}
        />
      )}
      <Slices monitor={monitor} axis={axis} health={health} where={where} rows={rowsPath} />
    </>
  );
}

/** The window of the address; without one the newest that is over and could be judged. */
function pickedWindow(windows: readonly HealthWindow[]): HealthWindow {
  const asked = place.value.query.get('window');
  const scored = (each: HealthWindow) => each.features.some((feature) => feature.score !== null);
  return (
    windows.find((each) => String(each.start_ms) === asked) ?? windows.findLast((each) => each.complete && scored(each)) ?? windows.findLast(scored) ?? windows[windows.length - 1]!
  );
}

/** What all charts have in common: a point a window. */
interface Axis {
  windows: HealthWindow[];
  xs: number[];
  names: string[];
  marks: { at: number; colour: number }[];
}

/** The five questions of a slice, out of its windows. */
function summaryOf(windows: readonly HealthWindow[], task: Health['task']): MonitorSummaryFigures {
  const sum = (of: (window: HealthWindow) => number) => windows.reduce((total, window) => total + of(window), 0);
  const mean = (of: (window: HealthWindow) => number | null, weight: (window: HealthWindow) => number) => {
    const known = windows.filter((window) => of(window) !== null && weight(window) > 0);
    const total = known.reduce((all, window) => all + weight(window), 0);
    return total === 0 ? null : known.reduce((all, window) => all + of(window)! * weight(window), 0) / total;
  };
  const predictions = sum((window) => window.predictions);
  const outcomes = sum((window) => window.outcomes);
  const timed = windows.findLast((window) => window.latency_p50_ms !== null);
  const judged = windows.findLast((window) => window.judged_for_drift);
  return {
    predictions,
    outcomes,
    coverage: outcomes / Math.max(1, predictions),
    latency_p50_ms: timed?.latency_p50_ms ?? null,
    latency_p99_ms: timed?.latency_p99_ms ?? null,
    positive_rate_predicted: mean((window) => window.positive_rate_predicted, (window) => window.predictions),
    positive_rate_actual: mean((window) => window.positive_rate_actual, (window) => window.outcomes),
    task,
    mean_predicted: mean((window) => window.mean_predicted, (window) => window.predictions),
    mean_actual: mean((window) => window.mean_actual, (window) => window.outcomes),
    features: (judged ?? windows[windows.length - 1]!).features.map((feature) => ({ ...feature, type: feature.type ?? '' })),
  };
}

function Traffic(props: { axis: Axis }) {
  const { windows, xs, names, marks } = props.axis;
  const common = { xs, names, marks, across: 'Window from', height: 170, sync: 'health' };
  const timed = windows.some((window) => window.latency_p50_ms !== null);
  return (
    <Section title="Traffic" note={`${grouped(windows.reduce((sum, window) => sum + window.requests, 0))} requests in ${plural(windows.length, 'window')}`}>
      <div class="charts two">
        <figure>
          <figcaption>Requests</figcaption>
          <Chart {...common} label="Requests by window" fromZero format={count} lines={[{ label: 'requests', values: windows.map((window) => window.requests), fill: true }]} />
        </figure>
        <figure>
          <figcaption>Latency</figcaption>
          {timed ? (
            <Chart
              {...common}
              label="Latency percentiles by window"
              fromZero
              gaps
              format={duration}
              lines={[
                { label: 'p50', values: windows.map((window) => window.latency_p50_ms), colour: 1 },
                { label: 'p90', values: windows.map((window) => window.latency_p90_ms), colour: 5 },
                { label: 'p99', values: windows.map((window) => window.latency_p99_ms), colour: 4 },
              ]}
            />
          ) : (
            <Empty title="Nobody said how long answers took." />
          )}
        </figure>
        <figure>
          <figcaption>Failed requests</figcaption>
          <Chart
            {...common}
            label="Share of failed requests by window"
            fromZero
            format={(share) => percent(share)}
            lines={[{ label: 'failed', values: windows.map((window) => (window.requests > 0 ? window.errors / window.requests : null)), colour: 3 }]}
          />
        </figure>
        <figure>
          <figcaption>Predictions with a known outcome</figcaption>
          <Chart
            {...common}
            label="Label coverage by window"
            fromZero
            format={count}
            lines={[
              { label: 'predictions', values: windows.map((window) => window.predictions), colour: 7 },
              { label: 'outcomes', values: windows.map((window) => window.outcomes), fill: true, colour: 1 },
            ]}
          />
        </figure>
      </div>
    </Section>
  );
}

const figureNames: Record<string, string> = { roc_auc: 'AUC', accuracy: 'Accuracy', f1: 'F1', precision: 'Precision', recall: 'Recall', mae: 'Mean absolute error', rmse: 'Root mean squared error' };

function Performance(props: { axis: Axis; health: Health }) {
  const { health } = props;
  const { windows, xs, names, marks } = props.axis;
  const figures = windows.find((window) => window.figures.length > 0)?.figures.map((figure) => figure.name) ?? [];
  if (figures.length === 0) {
    return (
      <Section title="Performance">
        <Empty title="Performance is not measured.">No prediction has the number that the monitor takes for the answer.</Empty>
      </Section>
    );
  }
  const asked = place.value.query.get('figure') ?? '';
  const chosen = figures.includes(asked) ? asked : figures[0]!;
  const title = figureNames[chosen] ?? chosen;
  const of = (window: HealthWindow) => window.figures.find((figure) => figure.name === chosen);
  const limit = health.limits[chosen] ?? null;
  const isRegression = health.task === 'regression';
  const isBeyond = (value: number) => limit !== null && (chosen === 'roc_auc' ? value < limit : value > limit);
  const costs = windows.some((window) => window.cost_per_outcome !== null);
  const common = { xs, names, marks, across: 'Window from', height: 170, sync: 'health', gaps: true };
  const { reference, windows_needed, method } = health.estimate;
  return (
    <Section
      title="Performance"
      note={`realised once outcomes are known${method ? `, estimated before (${method.toUpperCase()})` : ''}`}
      tools={
        <Select
          label="Figure"
          value={chosen}
          options={figures.map((figure) => ({ value: figure, label: figureNames[figure] ?? figure }))}
          onChange={(value) => setQuery({ figure: value === figures[0] ? undefined : value }, { replace: true })}
        />
      }
    >
      <Chart
        label={`${title} by window`}
        xs={xs}
        names={names}
        marks={marks}
        across="Window from"
        height={230}
        sync="health"
        gaps
        lines={[
          { label: 'realised', values: windows.map((window) => of(window)?.realised), colour: 1 },
          { label: 'estimated', values: windows.map((window) => of(window)?.estimated), colour: 2, dashed: true },
          { label: 'upper', values: windows.map((window) => of(window)?.upper), colour: 2, edge: true },
          { label: 'lower', values: windows.map((window) => of(window)?.lower), colour: 2, edge: true },
          { label: 'realised, most', values: windows.map((window) => of(window)?.realised_band?.upper), colour: 1, edge: true },
          { label: 'realised, least', values: windows.map((window) => of(window)?.realised_band?.lower), colour: 1, edge: true },
        ]}
        bands={[
          { upper: 2, lower: 3, colour: 2 },
          { upper: 4, lower: 5, colour: 1 },
        ]}
        limits={limit === null ? [] : [{ value: limit, label: `limit ${measure(limit, 3)}` }]}
      />
      <p class="note-line muted" data-caveat>
        {reference
          ? `The estimate was calibrated on the known outcomes of ${plural(reference.windows, 'window')}, ${windowText(reference.from_ms, reference.to_ms)} (${grouped(reference.rows)} rows${reference.calibrated ? '; the probabilities had to be corrected' : ''}); the band of the estimate is what these windows keep within, that of what was realised three standard errors: what the draw of a window's rows alone can do. ${health.estimate.caveat}`
          : `Not enough data for an estimate: it needs ${windows_needed} complete windows with ${health.outcomes_min} known outcomes and ${percent(health.coverage_min, 0)} of all. ${health.estimate.caveat}`}
      </p>
      <div class="charts two">
        <figure>
          <figcaption>{isRegression ? 'Mean of the answers, and of what happened' : 'Share said to be positive, and share that was'}</figcaption>
          <Chart
            {...common}
            label={isRegression ? 'Means by window' : 'Positive shares by window'}
            format={isRegression ? (value) => measure(value, 3) : (value) => percent(value)}
            lines={[
              { label: isRegression ? 'answered' : 'said', values: windows.map((window) => (isRegression ? window.mean_predicted : window.positive_rate_predicted)), colour: 2 },
              { label: isRegression ? 'happened' : 'was', values: windows.map((window) => (isRegression ? window.mean_actual : window.positive_rate_actual)), colour: 1 },
            ]}
          />
        </figure>
        {costs && (
          <figure>
            <figcaption>Cost of each known answer</figcaption>
            <Chart {...common} label="Cost by window" lines={[{ label: 'cost', values: windows.map((window) => window.cost_per_outcome), colour: 4 }]} />
          </figure>
        )}
      </div>
      <Table
        label="Performance by window"
        rows={[...windows].reverse()}
        rowKey={(window) => window.start_ms}
        height="320px"
        columns={[
          { id: 'window', label: 'Window', cell: (window) => windowText(window.start_ms, window.end_ms) },
          { id: 'predictions', label: 'Predictions', number: true, cell: (window) => count(window.predictions) },
          { id: 'coverage', label: 'Known', number: true, cell: (window) => percent(window.coverage) },
          {
            id: 'realised',
            label: `${title}, realised`,
            number: true,
            cell: (window) => {
              const value = of(window)?.realised ?? null;
              if (value === null) return <span class="muted">{window.complete ? 'not enough data' : 'not over yet'}</span>;
              return <Banded value={value} band={of(window)?.realised_band ?? null} bad={window.judged_for_performance && isBeyond(value)} />;
            },
          },
          {
            id: 'estimated',
            label: 'Estimated',
            number: true,
            cell: (window) => {
              const figure = of(window);
              if (!figure || figure.estimated === null) return <span class="muted">–</span>;
              return <Banded value={figure.estimated} band={figure.estimated_band} bad={figure.alert} />;
            },
          },
          ...(costs ? [{ id: 'cost', label: 'Cost', number: true, cell: (window: HealthWindow) => measure(window.cost) }] : []),
          ...(isRegression
            ? [
                { id: 'bias', label: 'Bias', number: true, cell: (window: HealthWindow) => measure(window.bias, 3) },
                { id: 'predicted', label: 'Mean answer', number: true, cell: (window: HealthWindow) => measure(window.mean_predicted) },
                { id: 'actual', label: 'Mean of what happened', number: true, grow: true, cell: (window: HealthWindow) => measure(window.mean_actual) },
              ]
            : [
                { id: 'predicted', label: 'Said positive', number: true, cell: (window: HealthWindow) => percent(window.positive_rate_predicted) },
                { id: 'actual', label: 'Were positive', number: true, grow: true, cell: (window: HealthWindow) => percent(window.positive_rate_actual) },
              ]),
        ]}
      />
    </Section>
  );
}

/** A figure, and how far the draw of its rows alone may have moved it. */
function Banded(props: { value: number; band: Band | null; bad: boolean }) {
  const { value, band, bad } = props;
  return (
    <span class={bad ? 'bad-text' : ''}>
      {measure(value)}
      {band && <span class="muted"> ({measure(band.lower, 3)}–{measure(band.upper, 3)})</span>}
    </span>
  );
}

function Slices(props: { monitor: Monitor; axis: Axis; health: Health; where: string; rows: (condition: string) => string }) {
  const { monitor, where } = props;
  const { windows } = props.axis;
  const { task } = props.health;
  const slice = { where, from_ms: windows[0]!.start_ms, to_ms: windows[windows.length - 1]!.end_ms };
  const outcomes = windows.reduce((sum, window) => sum + window.outcomes, 0);
  const slices = useRead(task === 'none' ? null : `slices:${monitor.name}:${task}:${JSON.stringify(slice)}:${outcomes}`, (signal) => getSlices(monitor, task, slice, signal));
  if (task === 'none') return null;
  return (
    <Shown read={slices} rows={5}>
      {(performance) => (
        <SliceTables
          performance={performance}
          monitor={monitor}
          slice={slice}
          path={(condition) => place.value.path + searchOf(place.value.query, { where: condition, rows: undefined, of: undefined })}
          rows={props.rows}
        />
      )}
    </Shown>
  );
}

function FiveQuestions(props: { summary: MonitorSummaryFigures }) {
  const { summary } = props;
  const drifted = summary.features.filter((feature) => feature.drifted);
  const isUnknown = summary.features.every((feature) => feature.score === null);
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
        <b class={drifted.length > 0 ? 'warn-text' : ''}>{isUnknown ? 'Not enough data' : drifted.length === 0 ? 'As in the reference' : `${drifted.length} drifted`}</b>
        <span>{isUnknown ? 'no window has enough rows' : drifted.length === 0 ? `${summary.features.length} features within limits` : drifted.map((feature) => feature.name).join(', ')}</span>
      </Question>
      <Question ask="Which features were used?">
        <b>{summary.features.length}</b>
        <span title={summary.features.map((feature) => feature.name).join(', ')}>{summary.features.map((feature) => feature.name).join(', ')}</span>
      </Question>
      <Question ask="What was predicted, what happened?">
        {summary.task === 'regression' ? (
          <b title="means of the answers and of what happened">
            {measure(summary.mean_predicted)} <small>→</small> {measure(summary.mean_actual)}
          </b>
        ) : (
          <b>
            {percent(summary.positive_rate_predicted)} <small>→</small> {percent(summary.positive_rate_actual)}
          </b>
        )}
        <span>
          {summary.task === 'regression' && 'means; '}
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

function Drift(props: { name: string; axis: Axis; health: Health; where: string }) {
  const { windows, names } = props.axis;
  const { lines } = driftLines(windows);
  const asked = place.value.query.get('feature') ?? '';
  const chosen = lines.some((line) => line.name === asked) ? asked : (lines[0]?.name ?? '');
  const judged = windows.findLastIndex((each) => each.features.some((feature) => feature.score !== null));
  const window = pickedWindow(windows);
  if (lines.length === 0) {
    return (
      <Section title="Drift by feature">
        <Empty title="No feature is watched." />
      </Section>
    );
  }
  const methods = [...new Set(lines.map((line) => line.method))].join(', ');
  const limits = [...new Set(lines.map((line) => line.threshold))];
  const pick = (feature: string, start_ms: number) => setQuery({ feature, window: String(start_ms) }, { replace: true });
  return (
    <>
      <Section
        title="Drift by feature"
        note={
          judged < 0
            ? `not enough data: a window needs ${grouped(props.health.rows_min)} predictions`
            : `${methods} against ${props.health.reference}${limits.length === 1 ? `, limit ${measure(limits[0], 3)}` : ''} · arrows move, Enter opens a window`
        }
      >
        {judged >= 0 && props.where === '' && (
          <p class="note-line">
            <a href={evidentlyPath(props.name, window.start_ms)} download={`${props.name}-evidently.json`}>
              This window in Evidently's shape
            </a>
          </p>
        )}
        <DriftHeat lines={lines} windows={windows} names={names} feature={chosen} window={window.start_ms} onPick={pick} />
      </Section>
      <div class="columns halves">
        <Section title="Features" note={limits.length === 1 ? `limit ${measure(limits[0], 3)}` : undefined} flush>
          <Table
            label="Drift of features"
            rows={lines}
            rowKey={(line) => line.name}
            to={(line) => place.value.path + searchOf(place.value.query, { feature: line.name })}
            current={(line) => line.name === chosen}
            height="420px"
            columns={[
              { id: 'name', label: 'Feature', cell: (line) => <a href={place.value.path + searchOf(place.value.query, { feature: line.name })}>{line.name}</a> },
              {
                id: 'latest',
                label: 'Latest',
                number: true,
                cell: (line) => <span class={(line.latest ?? 0) > line.threshold ? 'bad-text' : ''}>{measure(line.latest, 3)}</span>,
              },
              { id: 'windows', label: 'Drifted', number: true, cell: (line) => `${line.driftedWindows}/${windows.length}` },
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
              options={windows.map((each) => ({ value: String(each.start_ms), label: windowText(each.start_ms, each.end_ms) }))}
              onChange={(value) => setQuery({ window: value }, { replace: true })}
            />
          }
        >
          {chosen && <DistributionOf name={props.name} feature={chosen} window={window} where={props.where} />}
        </Section>
      </div>
    </>
  );
}

function DistributionOf(props: { name: string; feature: string; window: HealthWindow; where: string }) {
  const { window, where } = props;
  const distribution = useRead(`distribution:${props.name}:${props.feature}:${window.start_ms}:${window.predictions}:${where}`, (signal) =>
    getDistribution(props.name, props.feature, window, signal, where),
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
              <span class="muted">{count(props.window.predictions)} rows</span>
            </li>
            {drift && (
              <li>
                {drift.method} <b class={drift.drifted ? 'bad-text figures' : 'figures'}>{drift.score === null ? 'not enough data' : measure(drift.score, 3)}</b>
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

/** An endpoint: its traffic as it happens, who answers, what was asked, and a form to ask. */
import { useRef } from 'preact/hooks';
import {
  getEndpoint,
  getTraffic,
  listPredictions,
  type Endpoint,
  type Prediction,
  type Replica,
  type Traffic,
} from '../api/endpoints';
import { Badge, Chip, Empty, Facts, Figure, Page, Section, Select, Shown, When } from '../components/basics';
import { Chart } from '../components/chart';
import { EndpointSettings } from '../components/endpoint-settings';
import { HealthLinks } from '../components/health-links';
import { LatencyHeat } from '../components/latency-heat';
import { Table } from '../components/table';
import { TryIt } from '../components/try-it';
import { WeightsEditor } from '../components/weights-editor';
import { absolute, count, duration, eventTime, grouped, inline, measure, plural } from '../format';
import { lineagePath, modelPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, setQuery } from '../router';
import { currentRate, trafficSeries } from '../series';

const trafficPollMs = 2_000;
const predictionsPollMs = 4_000;
const predictionsShown = 50;
const retiredShown = 3;
const bucketChoices = ['60', '180', '360'];

export function EndpointPage(props: { name: string }) {
  const endpoint = useRead(`endpoint:${props.name}`, (signal) => getEndpoint(props.name, signal), {
    on: nouns.endpoint,
    pollMs: predictionsPollMs,
  });
  const asked = place.value.query.get('buckets') ?? '';
  const buckets = bucketChoices.includes(asked) ? asked : '60';
  const traffic = useRead(`traffic:${props.name}:${buckets}`, (signal) => getTraffic(props.name, Number(buckets), signal), { pollMs: trafficPollMs });
  const predictions = useRead(`predictions:${props.name}`, (signal) => listPredictions(props.name, predictionsShown, signal), {
    pollMs: predictionsPollMs,
  });
  const data = endpoint.data;
  return (
    <Page
      title={props.name}
      trail={[{ label: 'Endpoints', to: '/endpoints' }]}
      badge={data && <Badge state={data.state} />}
      sub={
        data && (
          <>
            serves <a href={modelPath(data.model)}>{data.model}</a> at <code>{data.url}</code>
          </>
        )
      }
      actions={
        <>
          <HealthLinks endpoint={props.name} />
          <a class="button" href={lineagePath(`endpoint:${props.name}`)}>
            Lineage
          </a>
        </>
      }
    >
      <Shown read={endpoint} rows={8}>
        {(found) => (
          <>
            <Shown read={traffic} rows={5}>
              {(live) => <TrafficSection traffic={live} buckets={buckets} endpoint={found} />}
            </Shown>
            <Revisions endpoint={found} />
            <div class="columns wide-left">
              <Section title="Shares" note="of 100 slots">
                <WeightsEditor endpoint={found} reload={endpoint.reload} />
              </Section>
              <Section title="Settings">
                <EndpointSettings endpoint={found} reload={endpoint.reload} />
              </Section>
            </div>
            <div class="columns wide-left">
              <Section title="Latest predictions" note="newest first" flush>
                <Shown read={predictions}>{(list) => <Predictions predictions={list} model={found.model} />}</Shown>
              </Section>
              <Section title="Try it">
                <TryIt endpoint={found} example={predictions.data?.[0]?.inputs} />
              </Section>
            </div>
          </>
        )}
      </Shown>
    </Page>
  );
}

/** What stands below the number of replicas that are ready. */
export function replicasText(endpoint: Pick<Endpoint, 'revisions' | 'policy'>): string {
  const running = endpoint.revisions.flatMap((revision) => revision.replicas).filter((replica) => replica.state !== 'stopped');
  const sleeps = running.length === 0 && endpoint.policy.replicas_max > 0 && endpoint.policy.replicas_min === 0;
  return sleeps ? 'asleep, the next request wakes one' : `ready of ${running.length}`;
}

function TrafficSection(props: { traffic: Traffic; buckets: string; endpoint: Endpoint }) {
  const { bucket_ms, buckets } = props.traffic;
  // The slot still filling would look like a fall.
  const series = trafficSeries(buckets.slice(0, -1), bucket_ms);
  const busy = buckets.filter((bucket) => bucket.p50_ms !== null);
  const latest = busy[busy.length - 1];
  const failed = buckets.reduce((sum, bucket) => sum + bucket.errors, 0);
  const asked = buckets.reduce((sum, bucket) => sum + bucket.requests, 0);
  const replicas = props.endpoint.revisions.flatMap((revision) => revision.replicas);
  const ready = replicas.filter((replica) => replica.state === 'ready').length;
  return (
    <>
      <div class="figures-row">
        <Figure label="Requests" value={measure(currentRate(buckets, bucket_ms), 3)} detail="per second, now" />
        <Figure label="Median" value={duration(latest?.p50_ms)} detail="p50, last busy slot" />
        <Figure label="Slowest 1 %" value={duration(latest?.p99_ms)} detail="p99, last busy slot" />
        <Figure label="Failed" value={count(failed)} detail={`of ${count(asked)} in sight`} tone={failed > 0 ? 'bad' : undefined} />
        <Figure label="Replicas" value={`${ready}`} detail={replicasText(props.endpoint)} />
      </div>
      <Section
        title="Traffic"
        note="live"
        tools={
          <Select
            label="Span"
            value={props.buckets}
            options={bucketChoices.map((each) => ({ value: each, label: duration(Number(each) * bucket_ms) }))}
            onChange={(value) => setQuery({ buckets: value === '60' ? undefined : value })}
          />
        }
      >
        <div class="charts two">
          <figure>
            <figcaption>Requests per second</figcaption>
            <Chart
              label="Requests and errors per second"
              xs={series.xs}
              time
              fromZero
              sync="traffic"
              height={170}
              lines={[
                { label: 'requests/s', values: series.requests, fill: true },
                { label: 'errors/s', values: series.errors, colour: 3 },
              ]}
            />
          </figure>
          <figure>
            <figcaption>Latency</figcaption>
            <Chart
              label="Latency percentiles"
              xs={series.xs}
              time
              fromZero
              gaps
              sync="traffic"
              height={170}
              format={duration}
              lines={[
                { label: 'p50', values: series.p50, colour: 1 },
                { label: 'p99', values: series.p99, colour: 4 },
              ]}
            />
          </figure>
        </div>
        <figure>
          <figcaption>Latency of all requests</figcaption>
          <LatencyHeat traffic={props.traffic} />
        </figure>
      </Section>
    </>
  );
}

function Revisions(props: { endpoint: Endpoint }) {
  const { revisions, model, promoting, rollout_error } = props.endpoint;
  // Retired revisions pile up over the months; the latest of them say how one came here.
  const working = revisions.filter((revision) => revision.role !== 'retired');
  const shown = [...working, ...revisions.filter((revision) => revision.role === 'retired').slice(0, retiredShown)];
  const failures = [
    ...(rollout_error ? [`The last rollout was undone: ${rollout_error}`] : []),
    ...working.flatMap((revision) => [
      ...(revision.failure ? [`${revision.id}: ${revision.failure}`] : []),
      ...revision.replicas.flatMap((replica) => (replica.reason ? [`${replica.id}: ${replica.reason}`] : [])),
    ]),
  ];
  const rows = shown.flatMap((revision) =>
    revision.replicas.length > 0
      ? revision.replicas.map((replica, index) => ({ revision, replica: replica as Replica | undefined, first: index === 0 }))
      : [{ revision, replica: undefined, first: true }],
  );
  return (
    <Section title="Revisions and replicas" note={revisionNote(working.length, revisions.length - working.length)} flush>
      <Table
        label="Revisions and replicas"
        rows={rows}
        rowKey={(row) => `${row.revision.id}/${row.replica?.id ?? ''}`}
        columns={[
          { id: 'revision', label: 'Revision', cell: (row) => row.first && <>{row.revision.id}{row.revision.id === promoting && <> <Badge state="queued" label="promoting" /></>}</> },
          {
            id: 'version',
            label: 'Version',
            cell: (row) => row.first && <a href={modelPath(model, row.revision.model_version)}>v{row.revision.model_version}</a>,
          },
          { id: 'role', label: 'Role', cell: (row) => row.first && <Badge state={row.revision.role} /> },
          {
            id: 'weight',
            label: 'Traffic',
            cell: (row) =>
              row.first && (
                <span class="weight">
                  <span class="weight-bar" aria-hidden="true">
                    <span style={{ width: `${row.revision.weight}%` }} />
                  </span>
                  {row.revision.role === 'shadow' ? 'copies' : `${row.revision.weight} %`}
                </span>
              ),
          },
          { id: 'replica', label: 'Replica', cell: (row) => row.replica?.id ?? <span class="muted">{row.revision.role === 'live' ? 'none while nobody asks' : 'none'}</span> },
          {
            id: 'state',
            label: 'State',
            cell: (row) =>
              row.replica &&
              (row.replica.ejected_for_ms ? (
                <Badge state="held" label={`ejected for ${duration(row.replica.ejected_for_ms)}`} />
              ) : (
                <Badge state={row.replica.state} />
              )),
          },
          { id: 'pid', label: 'Process', number: true, cell: (row) => row.replica?.pid ?? '–' },
          { id: 'work', label: 'At work', number: true, cell: (row) => row.replica?.outstanding ?? '–' },
          { id: 'median', label: 'Median', number: true, cell: (row) => (row.replica?.median_us ? duration(row.replica.median_us / 1000) : '–') },
          { id: 'requests', label: 'Requests', number: true, cell: (row) => count(row.replica?.requests ?? (row.revision.role === 'retired' ? null : row.revision.requests)) },
          { id: 'errors', label: 'Failed', number: true, cell: (row) => count(row.replica?.errors ?? row.revision.errors) },
          { id: 'since', label: 'Since', grow: true, cell: (row) => <When ms={row.replica?.started_ms ?? row.revision.created_ms} /> },
        ]}
      />
      {failures.map((failure) => (
        <p key={failure} class="bad-text note-line">
          {failure}
        </p>
      ))}
    </Section>
  );
}

function revisionNote(working: number, retired: number): string {
  return retired === 0 ? plural(working, 'revision') : `${plural(working, 'revision')}, ${retired} retired`;
}

function Predictions(props: { predictions: readonly Prediction[]; model: string }) {
  const chosen = place.value.query.get('prediction');
  // New predictions push the chosen one off the list, not out of the reader's sight.
  const kept = useRef<Prediction | undefined>();
  const listed = props.predictions.find((each) => each.id === chosen);
  if (listed) kept.current = listed;
  if (props.predictions.length === 0) return <Empty title="Nobody has asked yet.">Ask with the form beside this.</Empty>;
  return (
    <>
      <Table
        label="Latest predictions"
        rows={props.predictions}
        rowKey={(prediction) => prediction.id}
        to={(prediction) => `${place.value.path}?prediction=${encodeURIComponent(prediction.id)}`}
        current={(prediction) => prediction.id === chosen}
        height="420px"
        columns={[
          { id: 'time', label: 'When', cell: (each) => <a href={`${place.value.path}?prediction=${encodeURIComponent(each.id)}`}><When ms={each.time_ms} /></a> },
          { id: 'version', label: 'Version', cell: (each) => <>v{each.model_version}{each.role !== 'live' && <> <Chip>{each.role}</Chip></>}{each.cached && <> <Chip title="Answered out of the cache">cached</Chip></>}</> },
          { id: 'input', label: 'Input', grow: true, cell: (each) => <span title={summaryOf(each.inputs)}>{Object.values(each.inputs).map(inline).join(' · ')}</span> },
          { id: 'output', label: 'Output', number: true, cell: (each) => <span title={summaryOf(each.outputs)}>{answerText(each.outputs)}</span> },
          { id: 'outcome', label: 'Outcome', number: true, cell: (each) => (each.outcome === undefined || each.outcome === null ? <span class="muted">waiting</span> : <b>{inline(each.outcome)}</b>) },
          { id: 'latency', label: 'Took', number: true, cell: (each) => duration(each.latency_us / 1000) },
        ]}
      />
      {chosen && <PredictionDetails model={props.model} prediction={kept.current?.id === chosen ? kept.current : undefined} />}
    </>
  );
}

/** An answer in a table: what was decided and how sure; the whole of it stands in the details. */
export function answerText(outputs: Prediction['outputs']): string {
  const named = Object.entries(outputs);
  const single = named.filter(([, value]) => typeof value !== 'object' && !String(value).startsWith('['));
  return (single.length > 0 ? single : named).map(([, value]) => inline(value)).join(' · ');
}

function summaryOf(inputs: Record<string, unknown>): string {
  return Object.entries(inputs)
    .map(([key, value]) => `${key} ${inline(value)}`)
    .join(' · ');
}

function PredictionDetails(props: { prediction?: Prediction; model: string }) {
  const each = props.prediction;
  if (!each) return <p class="note-line muted">That prediction is no longer among the latest.</p>;
  return (
    <div class="details-box">
      <Facts
        items={[
          ['Prediction', <code>{each.id}</code>],
          ['Asked', absolute(each.time_ms)],
          ['Event time', eventTime(each.event_time_ms)],
          [
            'Answered by',
            <>
              <a href={modelPath(props.model, each.model_version)}>v{each.model_version}</a>, revision {each.revision} ({each.role}) ·{' '}
              <a href={lineagePath(`model:${props.model}@${each.model_version}`)}>what it was made of</a>
            </>,
          ],
          ['Took', `${grouped(each.latency_us)} µs${each.cached ? ', out of the cache' : ''}`],
          ['Asked by', each.caller],
          ...Object.entries(each.inputs).map(([key, value]) => [`in: ${key}`, inline(value)] as const),
          ...Object.entries(each.outputs).map(([key, value]) => [`out: ${key}`, inline(value)] as const),
          ['Outcome', each.outcome === undefined || each.outcome === null ? 'not known yet' : inline(each.outcome)],
          ['Outcome came', each.outcome_time_ms && absolute(each.outcome_time_ms)],
        ]}
      />
    </div>
  );
}

/** The loop as a picture with live figures, and what happened last. */
import type { ComponentChildren } from 'preact';
import { getOverview, type Loop, type Overview as OverviewData } from '../api/overview';
import { listDatasets } from '../api/datasets';
import { getTraffic, listEndpoints } from '../api/endpoints';
import { listEvents } from '../api/events';
import { cli } from '../cli';
import { Badge, Chip, Command, Page, Section, Shown, When } from '../components/basics';
import { EventList } from '../components/event-list';
import { count, duration, grouped, measure } from '../format';
import { datasetPath, endpointPath, modelPath, monitorPath, pipelineRunPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { currentRate } from '../series';

const eventsShown = 12;

export function Overview() {
  const overview = useRead('overview', getOverview, {
    on: nouns.everything,
    pollMs: 5_000,
  });
  const events = useRead('events:latest', (signal) => listEvents({ limit: eventsShown }, signal), { on: nouns.everything });
  return (
    <Page
      title="Overview"
      sub={
        overview.data && (
          <>
            Millwright {overview.data.version} · up {duration(overview.data.uptime_ms)}
          </>
        )
      }
    >
      <Shown read={overview} rows={8}>
        {(data) => (
          <>
            {data.counts.runs + data.counts.datasets + data.counts.models === 0 && <Start />}
            <LoopPicture data={data} loop={data.loops[0]} />
            {data.loops.length > 0 && <Loops loops={data.loops} />}
          </>
        )}
      </Shown>
      <Section title="Latest events" flush tools={<a href="/events">All events</a>}>
        <Shown read={events}>{(list) => <EventList events={list.slice(0, eventsShown)} />}</Shown>
      </Section>
    </Page>
  );
}

function Start() {
  return (
    <div class="start panel">
      <p>
        <strong>Nothing here yet.</strong> Watch the whole loop on three million real flights, or point an MLflow client here.
      </p>
      <Command line={cli.demo} />
      <Command line={cli.tracking} />
    </div>
  );
}

function LoopPicture(props: { data: OverviewData; loop?: Loop }) {
  const { counts } = props.data;
  const { loop } = props;
  const datasets = useRead('datasets', listDatasets, { on: nouns.dataset });
  const endpoints = useRead('endpoints', listEndpoints, { on: nouns.endpoint, pollMs: 5_000 });
  const traffic = useRead(loop ? `traffic:${loop.endpoint}:60` : null, (signal) => getTraffic(loop!.endpoint, 60, signal), { pollMs: 2_000 });
  const latest = [...(datasets.data ?? [])].sort((a, b) => b.created_ms - a.created_ms)[0];
  const errors = (endpoints.data ?? []).reduce((sum, endpoint) => sum + endpoint.errors, 0);
  const rate = traffic.data ? currentRate(traffic.data.buckets, traffic.data.bucket_ms) : 0;

  return (
    <section class={`loop ${rate > 0 ? 'moving' : ''}`} aria-label="The loop">
      <div class="loop-track" aria-hidden="true">
        <i class="a1" />
        <i class="a2" />
        <i class="a3" />
        <i class="a4" />
        <i class="a5" />
        <i class="a6" />
      </div>
      <Station area="data" to="/datasets" title="Data" value={count(counts.datasets)} unit={counts.datasets === 1 ? 'dataset' : 'datasets'}>
        {latest && (
          <a href={datasetPath(latest.name, latest.latest_version)}>
            {latest.name}@{latest.latest_version}
          </a>
        )}
        {latest && <span> · {count(latest.row_count)} rows</span>}
      </Station>
      <Station area="train" to="/runs" title="Train" value={count(counts.runs)} unit={counts.runs === 1 ? 'run' : 'runs'}>
        in {grouped(counts.experiments)} {counts.experiments === 1 ? 'experiment' : 'experiments'}
      </Station>
      <Station area="registry" to="/models" title="Registry" value={count(counts.models)} unit={counts.models === 1 ? 'model' : 'models'}>
        {loop && (
          <>
            <a href={modelPath(loop.model)}>{loop.model}</a>
            {loop.champion_version && (
              <>
                {' '}
                champion <strong>v{loop.champion_version}</strong>
              </>
            )}
          </>
        )}
      </Station>
      <Station
        area="endpoint"
        to={loop ? endpointPath(loop.endpoint) : '/endpoints'}
        title="Endpoint"
        value={rate > 0 ? measure(rate, 3) : count(counts.predictions)}
        unit={rate > 0 ? 'requests/s' : 'predictions'}
      >
        {rate > 0 && <>{count(counts.predictions)} predictions · </>}
        {grouped(errors)} failed
      </Station>
      <Station
        area="monitor"
        to={loop ? monitorPath(loop.monitor) : '/monitors'}
        title="Monitor"
        value={count(counts.open_alerts)}
        unit={counts.open_alerts === 1 ? 'open alert' : 'open alerts'}
        tone={counts.open_alerts > 0 ? 'bad' : undefined}
      >
        {loop?.last_alert ? (
          <>
            last <When ms={loop.last_alert.opened_ms} />
            {loop.last_alert.feature && <> on {loop.last_alert.feature}</>}
          </>
        ) : (
          'no alert so far'
        )}
      </Station>
      <Station
        area="retrain"
        to={loop?.last_pipeline_run ? pipelineRunPath(loop.last_pipeline_run.id) : '/pipelines'}
        title="Retrain"
        value={count(counts.pipeline_runs)}
        unit={counts.pipeline_runs === 1 ? 'pipeline run' : 'pipeline runs'}
      >
        {loop?.last_pipeline_run ? <Badge state={loop.last_pipeline_run.state} /> : 'not yet needed'}
      </Station>
    </section>
  );
}

function Station(props: {
  area: string;
  to: string;
  title: string;
  value: string;
  unit: string;
  tone?: string;
  children?: ComponentChildren;
}) {
  return (
    <div class={`station ${props.area} ${props.tone ?? ''}`}>
      <h2>
        <a href={props.to}>{props.title}</a>
      </h2>
      <p class="station-figure">
        <b>{props.value}</b> {props.unit}
      </p>
      <p class="station-note">{props.children}</p>
    </div>
  );
}

function Loops(props: { loops: readonly Loop[] }) {
  return (
    <Section title="Loops">
      <ul class="loops">
        {props.loops.map((loop) => (
          <li key={loop.monitor}>
            <a href={modelPath(loop.model, loop.champion_version)}>{loop.model}</a>
            {loop.champion_version && <Chip strong>champion v{loop.champion_version}</Chip>}
            <span class="muted">serves</span> <a href={endpointPath(loop.endpoint)}>{loop.endpoint}</a>
            <span class="muted">watched by</span> <a href={monitorPath(loop.monitor)}>{loop.monitor}</a>
            {loop.last_alert && (
              <span class="loop-part">
                <Badge state={loop.last_alert.state} label={`alert ${loop.last_alert.state}`} /> {loop.last_alert.message}
              </span>
            )}
            {loop.last_pipeline_run && (
              <span class="loop-part">
                <Badge state={loop.last_pipeline_run.state} />{' '}
                <a href={pipelineRunPath(loop.last_pipeline_run.id)}>{loop.last_pipeline_run.pipeline}</a>{' '}
                <When ms={loop.last_pipeline_run.created_ms} />
              </span>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

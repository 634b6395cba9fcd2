/** One run: parameters, metric charts, tags, what it read and what it left behind. */
import { useState } from 'preact/hooks';
import { artifactUrl, getMetricHistory, getRun, listArtifacts, readArtifactText, searchExperiments, type ArtifactFile, type Metric, type Run } from '../api/mlflow';
import { Artifact, RocPlot, ImportancePlot } from '../components/artifact';
import { Badge, Chip, Choice, Empty, Facts, Page, Section, Shown, Skeleton, Tabs, When, currentTab } from '../components/basics';
import { Chart } from '../components/chart';
import { Table } from '../components/table';
import { TensorboardTab, useTensorboard } from '../components/tensorboard-tab';
import { clause } from '../filter';
import { bytes, duration, measure } from '../format';
import { datasetPath, lineagePath } from '../links';
import { now } from '../live';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { href, place, setQuery } from '../router';
import { metricSeries, thin, type XAxis } from '../series';

/** Points drawn across a chart; more would be finer than the pixels. */
const chartSlots = 600;
const runningPollMs = 2_000;
const chartsMax = 24;

export function RunPage(props: { id: string }) {
  const [running, setRunning] = useState(false);
  const run = useRead(`run:${props.id}`, (signal) => getRun(props.id, signal), { on: nouns.run, pollMs: running ? runningPollMs : undefined });
  const isRunning = run.data?.info.status === 'RUNNING';
  if (isRunning !== running) setRunning(isRunning);
  const tab = currentTab(['metrics', 'tensorboard', 'artifacts', 'tags']);
  const info = run.data?.info;
  const hasEventFiles = (useTensorboard(props.id, isRunning).data?.files.length ?? 0) > 0;
  const experiments = useRead('experiments', searchExperiments);
  const experiment = experiments.data?.find((each) => each.experiment_id === info?.experiment_id);
  return (
    <Page
      title={info?.run_name || props.id.slice(0, 8)}
      trail={[
        { label: 'Runs', to: '/runs' },
        ...(info ? [{ label: experiment?.name ?? `experiment ${info.experiment_id}`, to: href('/runs', {}, { experiment: info.experiment_id }) }] : []),
      ]}
      badge={info && <Badge state={info.status} />}
      actions={
        <a class="button" href={lineagePath(`run:${props.id}`)}>
          Lineage
        </a>
      }
    >
      <Shown read={run} rows={8}>
        {(data) => (
          <>
            <Facts
              items={[
                ['Run', <code>{data.info.run_id}</code>],
                ['Started', <When ms={data.info.start_time} both />],
                ['Took', duration((data.info.end_time ?? now.value) - data.info.start_time)],
                ['By', data.info.user_id],
                ['Source', data.data.tags?.find((tag) => tag.key === 'mlflow.source.name')?.value],
              ]}
            />
            <Tabs
              current={tab}
              tabs={[
                { id: 'metrics', label: 'Metrics and parameters' },
                ...(hasEventFiles || tab === 'tensorboard' ? [{ id: 'tensorboard', label: 'TensorBoard' }] : []),
                { id: 'artifacts', label: 'Artifacts' },
                { id: 'tags', label: 'Tags', amount: data.data.tags?.length ?? 0 },
              ]}
            />
            {tab === 'metrics' && <MetricsTab run={data} running={isRunning} />}
            {tab === 'tensorboard' && <TensorboardTab run_id={data.info.run_id} running={isRunning} />}
            {tab === 'artifacts' && <ArtifactsTab run={data} />}
            {tab === 'tags' && <TagsTab run={data} />}
          </>
        )}
      </Shown>
    </Page>
  );
}

function MetricsTab(props: { run: Run; running: boolean }) {
  const metrics = [...(props.run.data.metrics ?? [])].sort((a, b) => a.key.localeCompare(b.key));
  const params = [...(props.run.data.params ?? [])].sort((a, b) => a.key.localeCompare(b.key));
  const axis: XAxis = place.value.query.get('x') === 'time' ? 'time' : 'step';
  const log = place.value.query.get('y') === 'log';
  return (
    <div class="columns wide-right">
      <div>
        <Section title="Parameters" note={params.length} flush>
          {params.length === 0 ? (
            <Empty title="No parameters were logged." />
          ) : (
            <Table
              label="Parameters"
              rows={params}
              rowKey={(param) => param.key}
              columns={[
                { id: 'key', label: 'Name', cell: (param) => param.key },
                {
                  id: 'value',
                  label: 'Value',
                  number: true,
                  cell: (param) => (
                    <a
                      class="quiet-link"
                      title="Runs with this value"
                      href={href('/runs', {}, { experiment: props.run.info.experiment_id, q: clause('params', param.key, '=', param.value) })}
                    >
                      {param.value}
                    </a>
                  ),
                },
              ]}
            />
          )}
        </Section>
        <Section title="Final metrics" note={metrics.length} flush>
          {metrics.length === 0 ? (
            <Empty title="No metrics were logged." />
          ) : (
            <Table
              label="Final metrics"
              rows={metrics}
              rowKey={(metric) => metric.key}
              columns={[
                { id: 'key', label: 'Name', cell: (metric) => metric.key },
                { id: 'value', label: 'Last', number: true, cell: (metric) => measure(metric.value, 5) },
                { id: 'step', label: 'Step', number: true, cell: (metric) => <span class="muted">{metric.step}</span> },
              ]}
            />
          )}
        </Section>
        <DatasetInputs run={props.run} />
      </div>
      <div>
        <Section
          title="Charts"
          tools={
            <>
              <Choice
                label="Horizontal axis"
                value={axis}
                options={[
                  { value: 'step', label: 'Step' },
                  { value: 'time', label: 'Time' },
                ]}
                onChange={(value) => setQuery({ x: value === 'step' ? undefined : value }, { replace: true })}
              />
              <Choice
                label="Vertical axis"
                value={log ? 'log' : 'linear'}
                options={[
                  { value: 'linear', label: 'Linear' },
                  { value: 'log', label: 'Log' },
                ]}
                onChange={(value) => setQuery({ y: value === 'log' ? 'log' : undefined }, { replace: true })}
              />
            </>
          }
        >
          <MetricCharts run={props.run} metrics={metrics} axis={axis} log={log} running={props.running} />
        </Section>
      </div>
    </div>
  );
}

function MetricCharts(props: { run: Run; metrics: readonly Metric[]; axis: XAxis; log: boolean; running: boolean }) {
  const keys = props.metrics.slice(0, chartsMax).map((metric) => metric.key);
  const histories = useRead(
    `histories:${props.run.info.run_id}:${keys.join('\n')}`,
    (signal) => Promise.all(keys.map((key) => getMetricHistory(props.run.info.run_id, key, signal))),
    { pollMs: props.running ? runningPollMs : undefined },
  );
  if (keys.length === 0) return <Empty title="Nothing to draw." />;
  return (
    <Shown read={histories} rows={6}>
      {(data) => {
        const drawn = keys.map((key, i) => ({ key, points: data[i] ?? [] })).filter((each) => each.points.length > 1);
        if (drawn.length === 0) return <p class="muted">Every metric has one point; the table says them all.</p>;
        return (
          <div class="charts">
            {drawn.map(({ key, points }, index) => {
              const line = thin(metricSeries(points, props.axis), chartSlots);
              return (
                <figure key={key}>
                  <figcaption>
                    {key} <span class="muted">{points.length} points</span>
                  </figcaption>
                  <Chart
                    label={`${key} by ${props.axis}`}
                    xs={line.xs}
                    time={props.axis === 'time'}
                    lines={[{ label: key, values: line.ys, colour: index }]}
                    log={props.log}
                    sync={`run-${props.run.info.run_id}`}
                    height={170}
                  />
                </figure>
              );
            })}
          </div>
        );
      }}
    </Shown>
  );
}

function DatasetInputs(props: { run: Run }) {
  const inputs = props.run.inputs?.dataset_inputs ?? [];
  if (inputs.length === 0) return null;
  return (
    <Section title="Data it read" note={inputs.length}>
      <ul class="lines">
        {inputs.map((input) => {
          const [name = '', version] = input.dataset.name.split('@');
          const context = input.tags?.find((tag) => tag.key === 'mlflow.data.context')?.value;
          return (
            <li key={input.dataset.digest + (context ?? '')}>
              <a href={datasetPath(name, version)}>{input.dataset.name}</a> {context && <Chip>{context}</Chip>}{' '}
              <code class="muted">{input.dataset.digest}</code>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function TagsTab(props: { run: Run }) {
  const tags = [...(props.run.data.tags ?? [])].sort((a, b) => a.key.localeCompare(b.key));
  return (
    <Section title="Tags" note={tags.length} flush>
      <Table
        label="Tags"
        rows={tags}
        rowKey={(tag) => tag.key}
        columns={[
          { id: 'key', label: 'Tag', cell: (tag) => tag.key },
          { id: 'value', label: 'Value', grow: true, cell: (tag) => <span title={tag.value}>{tag.value}</span> },
        ]}
      />
    </Section>
  );
}

function ArtifactsTab(props: { run: Run }) {
  const id = props.run.info.run_id;
  const folder = place.value.query.get('folder') ?? '';
  const chosen = place.value.query.get('file');
  const files = useRead(`artifacts:${id}:${folder}`, (signal) => listArtifacts(id, folder || undefined, signal), { on: nouns.run });
  const top = useRead(`artifacts:${id}:`, (signal) => listArtifacts(id, undefined, signal), { on: nouns.run });
  const has = (name: string) => (top.data ?? []).some((file) => file.path === name);
  return (
    <>
      {(has('roc.json') || has('feature_importance.json')) && (
        <div class="columns even">
          {has('roc.json') && (
            <Section title="ROC curve">
              <Json id={id} path="roc.json">{(value) => <RocPlot value={value} />}</Json>
            </Section>
          )}
          {has('feature_importance.json') && (
            <Section title="Feature importance" note="gain">
              <Json id={id} path="feature_importance.json">{(value) => <ImportancePlot value={value} />}</Json>
            </Section>
          )}
        </div>
      )}
      <div class="columns wide-right">
        <Section title="Files" note={folder ? `/${folder}` : undefined} flush>
          <Shown read={files}>{(list) => <FileList files={list} folder={folder} chosen={chosen} />}</Shown>
        </Section>
        <Section
          title={chosen ?? 'Preview'}
          tools={
            chosen && (
              <a href={artifactUrl(id, chosen)} download>
                Download
              </a>
            )
          }
        >
          {chosen ? (
            <Artifact key={chosen} run_id={id} path={chosen} size={files.data?.find((file) => file.path === chosen)?.file_size} />
          ) : (
            <p class="muted">Choose a file to look at it.</p>
          )}
        </Section>
      </div>
    </>
  );
}

function Json(props: { id: string; path: string; children: (value: unknown) => preact.ComponentChildren }) {
  const text = useRead(`artifact:${props.id}:${props.path}`, (signal) => readArtifactText(props.id, props.path, signal));
  if (text.loading) return <Skeleton rows={4} />;
  return (
    <Shown read={text}>
      {(content) => {
        try {
          return props.children(JSON.parse(content));
        } catch {
          return <p class="muted">{props.path} is not JSON.</p>;
        }
      }}
    </Shown>
  );
}

function FileList(props: { files: readonly ArtifactFile[]; folder: string; chosen: string | null }) {
  const parent = props.folder.split('/').slice(0, -1).join('/');
  if (props.files.length === 0 && !props.folder) return <Empty title="This run left no files." />;
  const rows: ArtifactFile[] = [...props.files].sort((a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path));
  const target = (file: ArtifactFile) =>
    href(place.value.path, {}, { tab: 'artifacts', folder: file.is_dir ? file.path : props.folder, file: file.is_dir ? undefined : file.path });
  return (
    <>
      {props.folder && (
        <p class="folder-up">
          <a href={href(place.value.path, {}, { tab: 'artifacts', folder: parent })}>↑ Up</a>
        </p>
      )}
      <Table
        label="Files"
        rows={rows}
        rowKey={(file) => file.path}
        to={target}
        current={(file) => file.path === props.chosen}
        columns={[
          {
            id: 'name',
            label: 'Name',
            grow: true,
            cell: (file) => (
              <a href={target(file)}>
                {file.path.slice(props.folder ? props.folder.length + 1 : 0)}
                {file.is_dir ? '/' : ''}
              </a>
            ),
          },
          { id: 'size', label: 'Size', number: true, cell: (file) => (file.is_dir ? '' : bytes(file.file_size ?? 0)) },
        ]}
      />
    </>
  );
}

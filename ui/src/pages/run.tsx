/** One run: parameters, metric charts, the machine it went on, tags, and what it left behind. */
import { useMemo, useState } from 'preact/hooks';
import { mountedFrom, changeRuns, endReasonTag, noteTag, parentTag, renameRun, setRunTag } from '../api/experiments';
import { searchLoggedModels } from '../api/logged-models';
import { getExperiment, getRun, type Run } from '../api/mlflow';
import { countRuns } from '../api/tracking';
import { settingsOf } from '../chart-settings';
import { Badge, Chip, Empty, Facts, Page, ReadOnly, Section, Shown, Tabs, When, currentTab } from '../components/basics';
import { Dialog, TextDialog } from '../components/dialog';
import { ChartTools, MetricCharts } from '../components/metric-charts';
import { Note } from '../components/note';
import { SearchField } from '../components/search-field';
import { Table } from '../components/table';
import { TensorboardTab, useTensorboard } from '../components/tensorboard-tab';
import { clause } from '../filter';
import { byInterest, duration, grouped, measure, plural } from '../format';
import { datasetPath, lineagePath, runPath } from '../links';
import { now } from '../live';
import { isSystemMetric } from '../logged-files';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { href, place, setQuery } from '../router';
import { childrenFilter } from '../runs-view';
import { LoggedModels } from './logged-model';
import { ArtifactsTab } from './run-artifacts';
import { TagsTab } from './run-tags';

const runningPollMs = 2_000;
/** Charts shown before somebody asks for more. */
const chartsAtFirst = 24;
const longTable = 60;

const tabs = ['metrics', 'system', 'tensorboard', 'models', 'artifacts', 'tags'] as const;

export function RunPage(props: { id: string }) {
  const [running, setRunning] = useState(false);
  const run = useRead(`run:${props.id}`, (signal) => getRun(props.id, signal), { on: nouns.run, pollMs: running ? runningPollMs : undefined });
  const isRunning = run.data?.info.status === 'RUNNING';
  if (isRunning !== running) setRunning(isRunning);
  const info = run.data?.info;
  const experiment = useRead(info ? `experiment:${info.experiment_id}` : null, (signal) => getExperiment(info!.experiment_id, signal));
  const folder = mountedFrom(experiment.data);
  const parent = run.data?.data.tags?.find((tag) => tag.key === parentTag)?.value;
  return (
    <Page
      title={info?.run_name || props.id.slice(0, 8)}
      trail={[
        { label: 'Runs', to: '/runs' },
        ...(info ? [{ label: experiment.data?.name ?? `experiment ${info.experiment_id}`, to: href('/runs', {}, { experiment: info.experiment_id }) }] : []),
        ...(parent ? [{ label: `parent ${parent.slice(0, 8)}`, to: runPath(parent) }] : []),
      ]}
      badge={
        info && (
          <>
            <Badge state={info.status} />
            {info.lifecycle_stage === 'deleted' && <Badge state="deleted" />}
            {folder && <ReadOnly folder={folder} />}
          </>
        )
      }
      actions={run.data && <Actions run={run.data} readOnly={!!folder} reload={run.reload} />}
    >
      <Shown read={run} rows={8}>
        {(data) => <RunBody run={data} readOnly={!!folder} reload={run.reload} />}
      </Shown>
    </Page>
  );
}

function RunBody(props: { run: Run; readOnly: boolean; reload: () => void }) {
  const { run } = props;
  const tab = currentTab(tabs);
  const hasEventFiles = (useTensorboard(run.info.run_id, run.info.status === 'RUNNING').data?.files.length ?? 0) > 0;
  const metrics = run.data.metrics ?? [];
  const system = metrics.filter((metric) => isSystemMetric(metric.key));
  const { run_id, experiment_id } = run.info;
  const children = useRead(
    `children:${run_id}`,
    (signal) => countRuns({ experiment_ids: [experiment_id], filter: childrenFilter(run_id), order_by: [], view: 'ACTIVE_ONLY' }, signal),
    { on: nouns.run },
  );
  const models = useRead(`logged-models:${run_id}`, (signal) => searchLoggedModels(experiment_id, run_id, signal), { on: nouns.loggedModel });
  const logged = models.data?.models ?? [];
  const tag = (key: string) => run.data.tags?.find((each) => each.key === key)?.value;
  return (
    <>
      <Facts
        items={[
          ['Run', <code>{run.info.run_id}</code>],
          ['Started', <When ms={run.info.start_time} both />],
          ['Took', duration((run.info.end_time ?? now.value) - run.info.start_time)],
          ['By', run.info.user_id],
          ['Source', tag('mlflow.source.name')],
          ['Commit', tag('mlflow.source.git.commit') && <code title={tag('mlflow.source.git.commit')}>{tag('mlflow.source.git.commit')!.slice(0, 10)}</code>],
          children.data
            ? ['Children', <a href={href('/runs', {}, { experiment: run.info.experiment_id, q: childrenFilter(run.info.run_id) })}>{plural(children.data, 'child run')}</a>]
            : null,
          ['Ended because', tag(endReasonTag) && <span class="end-reason">{tag(endReasonTag)}</span>],
        ]}
      />
      <Note key={run.info.run_id} text={tag(noteTag) ?? ''} write={props.readOnly ? undefined : (text) => setRunTag(run.info.run_id, noteTag, text).then(props.reload)} />
      <Tabs
        current={tab}
        tabs={[
          { id: 'metrics', label: 'Metrics and parameters' },
          ...(system.length > 0 || tab === 'system' ? [{ id: 'system', label: 'System metrics', amount: grouped(system.length) }] : []),
          ...(hasEventFiles || tab === 'tensorboard' ? [{ id: 'tensorboard', label: 'TensorBoard' }] : []),
          ...(logged.length > 0 || tab === 'models' ? [{ id: 'models', label: 'Models', amount: models.data?.next ? `${logged.length}+` : logged.length }] : []),
          { id: 'artifacts', label: 'Artifacts' },
          { id: 'tags', label: 'Tags', amount: run.data.tags?.length ?? 0 },
        ]}
      />
      {tab === 'metrics' && <MetricsTab run={run} />}
      {tab === 'system' && <SystemTab run={run} />}
      {tab === 'tensorboard' && <TensorboardTab run_id={run.info.run_id} running={run.info.status === 'RUNNING'} />}
      {tab === 'models' && <Shown read={models}>{(page) => <LoggedModels models={page.models} more={page.next !== undefined} />}</Shown>}
      {tab === 'artifacts' && <ArtifactsTab run={run} />}
      {tab === 'tags' && <TagsTab run={run} readOnly={props.readOnly} reload={props.reload} />}
    </>
  );
}

function Actions(props: { run: Run; readOnly: boolean; reload: () => void }) {
  const { info } = props.run;
  const [asked, setAsked] = useState<'rename' | 'change' | undefined>();
  const deleted = info.lifecycle_stage === 'deleted';
  const verb = deleted ? 'restore' : 'delete';
  const name = info.run_name || info.run_id.slice(0, 8);
  return (
    <>
      {!deleted && !props.readOnly && (
        <button type="button" onClick={() => setAsked('rename')}>
          Rename
        </button>
      )}
      {!props.readOnly && (
        <button type="button" onClick={() => setAsked('change')}>
          {deleted ? 'Restore' : 'Delete'}
        </button>
      )}
      <a class="button" href={lineagePath(`run:${info.run_id}`)}>
        Lineage
      </a>
      {asked === 'rename' && (
        <TextDialog title="Rename the run" label="Name" value={info.run_name ?? ''} action="Rename" close={() => setAsked(undefined)} act={(text) => renameRun(info.run_id, text).then(props.reload)} />
      )}
      {asked === 'change' && (
        <Dialog
          title={`${deleted ? 'Restore' : 'Delete'} ${name}?`}
          action={deleted ? 'Restore' : 'Delete'}
          danger={!deleted}
          close={() => setAsked(undefined)}
          act={() => changeRuns(verb, [info.run_id], () => {}).then(props.reload)}
        >
          <p>{deleted ? 'The run becomes active again.' : 'The run is marked as deleted. It can be restored until the garbage collection removes it.'}</p>
        </Dialog>
      )}
    </>
  );
}

/** The run as the charts take it; the same object while nothing of it changed, so that they do not draw anew. */
function useCharted(run: Run) {
  const running = run.info.status === 'RUNNING';
  const label = run.info.run_name || run.info.run_id.slice(0, 8);
  return useMemo(() => [{ run_id: run.info.run_id, label, running }], [run.info.run_id, label, running]);
}

function MetricsTab(props: { run: Run }) {
  const { run } = props;
  const wanted = (place.value.query.get('find') ?? '').toLowerCase();
  const has = (each: { key: string }) => each.key.toLowerCase().includes(wanted);
  const inOrder = new Intl.Collator(undefined, { numeric: true }).compare;
  const metrics = (run.data.metrics ?? []).filter((metric) => !isSystemMetric(metric.key) && has(metric)).sort((a, b) => inOrder(a.key, b.key));
  const params = (run.data.params ?? []).filter(has).sort((a, b) => inOrder(a.key, b.key));
  const settings = settingsOf(place.value.query);
  const [most, setMost] = useState(chartsAtFirst);
  const runs = useCharted(run);
  const keys = byInterest(metrics.map((metric) => metric.key));
  const many = (run.data.metrics?.length ?? 0) + (run.data.params?.length ?? 0) > longTable;
  return (
    <>
      {many && (
        <div class="toolbar under-tabs">
          <SearchField
            label="Find metrics and parameters"
            placeholder="Part of the name of a metric or parameter"
            value={place.value.query.get('find') ?? ''}
            onChange={(find) => setQuery({ find }, { replace: true })}
          />
        </div>
      )}
      <div class="columns wide-right">
        <div>
          <Section title="Parameters" note={grouped(params.length)} flush>
            {params.length === 0 ? <Empty title={wanted ? 'No parameter has such a name.' : 'No parameters were logged.'} /> : <Parameters run={run} params={params} />}
          </Section>
          <Section title="Final metrics" note={grouped(metrics.length)} flush>
            {metrics.length === 0 ? (
              <Empty title={wanted ? 'No metric has such a name.' : 'No metrics were logged.'} />
            ) : (
              <Table
                label="Final metrics"
                rows={metrics}
                rowKey={(metric) => metric.key}
                height={metrics.length > longTable ? '640px' : undefined}
                columns={[
                  { id: 'key', label: 'Name', cell: (metric) => <span class="clipped">{metric.key}</span> },
                  { id: 'value', label: 'Last', number: true, cell: (metric) => measure(metric.value, 5) },
                  { id: 'step', label: 'Step', number: true, cell: (metric) => <span class="muted">{grouped(metric.step)}</span> },
                ]}
              />
            )}
          </Section>
          <DatasetInputs run={run} />
        </div>
        <Section title="Charts" tools={<ChartTools settings={settings} />}>
          {keys.length === 0 ? <Empty title="Nothing to draw." /> : <MetricCharts runs={runs} keys={keys.slice(0, most)} settings={settings} />}
          {keys.length > most && (
            <button type="button" class="plain" onClick={() => setMost(most + 2 * chartsAtFirst)}>
              Show more of the {grouped(keys.length)} charts
            </button>
          )}
        </Section>
      </div>
    </>
  );
}

function Parameters(props: { run: Run; params: readonly { key: string; value: string }[] }) {
  return (
    <Table
      label="Parameters"
      rows={props.params}
      rowKey={(param) => param.key}
      height={props.params.length > longTable ? '640px' : undefined}
      columns={[
        { id: 'key', label: 'Name', cell: (param) => <span class="clipped">{param.key}</span> },
        {
          id: 'value',
          label: 'Value',
          number: true,
          cell: (param) => (
            <a
              class="quiet-link clipped"
              title={`${param.value}\nRuns with this value`}
              href={href('/runs', {}, { experiment: props.run.info.experiment_id, q: clause('params', param.key, '=', param.value) })}
            >
              {param.value}
            </a>
          ),
        },
      ]}
    />
  );
}

/** The machine a run went on, all on one axis of time. */
function SystemTab(props: { run: Run }) {
  const keys = (props.run.data.metrics ?? []).map((metric) => metric.key).filter(isSystemMetric).sort(new Intl.Collator(undefined, { numeric: true }).compare);
  const settings = settingsOf(place.value.query, 'time');
  const runs = useCharted(props.run);
  return (
    <Section title="System metrics" note="drag to look closer, in all charts at once" tools={<ChartTools settings={settings} usual="time" />}>
      {keys.length === 0 ? (
        <Empty title="No system metrics were logged.">
          MLflow clients log them after <code>mlflow.enable_system_metrics_logging()</code>.
        </Empty>
      ) : (
        <MetricCharts runs={runs} keys={keys} settings={settings} />
      )}
    </Section>
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

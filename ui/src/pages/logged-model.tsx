/** A model as a run logged it: what it is called, how it was measured, and its files. */
import { loggedModelFiles } from '../api/files';
import { getLoggedModel, type LoggedModel } from '../api/logged-models';
import { Badge, Chip, Empty, Facts, Page, Section, Shown, Tabs, When, currentTab } from '../components/basics';
import { FileBrowser } from '../components/file-browser';
import { Table } from '../components/table';
import { grouped, measure, shortId } from '../format';
import { loggedModelPath, runPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { href } from '../router';

const tabs = ['files', 'measures'] as const;

/** `LOGGED_MODEL_READY` as a person says it. */
const stateOf = (model: LoggedModel) => model.info.status.replace(/^LOGGED_MODEL_/, '').replace('UPLOAD_FAILED', 'failed').toLowerCase();

export function LoggedModelPage(props: { id: string }) {
  const model = useRead(`logged-model:${props.id}`, (signal) => getLoggedModel(props.id, signal), { on: nouns.loggedModel });
  const info = model.data?.info;
  const tab = currentTab(tabs);
  return (
    <Page
      title={info?.name || props.id}
      trail={[
        { label: 'Runs', to: '/runs' },
        ...(info ? [{ label: `experiment ${info.experiment_id}`, to: href('/runs', {}, { experiment: info.experiment_id }) }] : []),
        ...(info?.source_run_id ? [{ label: `run ${shortId(info.source_run_id)}`, to: runPath(info.source_run_id) }] : []),
      ]}
      badge={model.data && <Badge state={stateOf(model.data)} />}
      sub="A logged model: what a run kept, before it is registered."
    >
      <Shown read={model} rows={8}>
        {(data) => (
          <>
            <Facts
              items={[
                ['Logged model', <code>{data.info.model_id}</code>],
                ['Kind', data.info.model_type],
                ['Logged', <When ms={data.info.creation_timestamp_ms} both />],
                ['By', data.info.creator_id],
                ['Message', data.info.status_message],
                ['Tags', data.info.tags?.length ? data.info.tags.map((tag) => <Chip key={tag.key}>{`${tag.key}: ${tag.value}`}</Chip>) : undefined],
              ]}
            />
            <Tabs
              current={tab}
              tabs={[
                { id: 'files', label: 'Files' },
                { id: 'measures', label: 'Metrics and parameters', amount: grouped((data.data.metrics?.length ?? 0) + (data.data.params?.length ?? 0)) },
              ]}
            />
            {tab === 'files' && <FileBrowser owner={loggedModelFiles(props.id)} nothing="This model has no files here." />}
            {tab === 'measures' && <Measures model={data} />}
          </>
        )}
      </Shown>
    </Page>
  );
}

function Measures(props: { model: LoggedModel }) {
  const { metrics = [], params = [] } = props.model.data;
  return (
    <div class="columns even">
      <Section title="Metrics" note={grouped(metrics.length)} flush>
        {metrics.length === 0 ? (
          <Empty title="Nothing was measured on this model." />
        ) : (
          <Table
            label="Metrics"
            rows={metrics}
            rowKey={(metric) => `${metric.key} ${metric.dataset_name} ${metric.step} ${metric.run_id}`}
            columns={[
              { id: 'key', label: 'Name', cell: (metric) => metric.key },
              { id: 'dataset', label: 'Data', cell: (metric) => <span class="muted">{metric.dataset_name || '–'}</span> },
              { id: 'value', label: 'Value', number: true, cell: (metric) => measure(metric.value, 5) },
            ]}
          />
        )}
      </Section>
      <Section title="Parameters" note={grouped(params.length)} flush>
        {params.length === 0 ? (
          <Empty title="No parameters were logged." />
        ) : (
          <Table
            label="Parameters"
            rows={params}
            rowKey={(param) => param.key}
            columns={[
              { id: 'key', label: 'Name', cell: (param) => param.key },
              { id: 'value', label: 'Value', number: true, cell: (param) => <span class="clipped">{param.value}</span> },
            ]}
          />
        )}
      </Section>
    </div>
  );
}

/** The models that a run logged. */
export function LoggedModels(props: { models: readonly LoggedModel[]; more: boolean }) {
  return (
    <Section title="Logged models" note={props.more ? `the newest ${props.models.length}` : props.models.length} flush>
      {props.models.length === 0 ? (
        <Empty title="This run logged no model.">
          Clients of MLflow 3 log them with <code>log_model</code>.
        </Empty>
      ) : (
        <Table
          label="Logged models"
          rows={props.models}
          rowKey={(model) => model.info.model_id}
          to={(model) => loggedModelPath(model.info.model_id)}
          columns={[
            { id: 'name', label: 'Name', grow: true, cell: (model) => <a href={loggedModelPath(model.info.model_id)}>{model.info.name || model.info.model_id}</a> },
            { id: 'kind', label: 'Kind', cell: (model) => <span class="muted">{model.info.model_type || '–'}</span> },
            { id: 'status', label: 'Status', cell: (model) => <Badge state={stateOf(model)} /> },
            { id: 'logged', label: 'Logged', cell: (model) => <When ms={model.info.creation_timestamp_ms} /> },
          ]}
        />
      )}
    </Section>
  );
}

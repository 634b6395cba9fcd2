/** A model: its versions, what was checked about the chosen one, and how it came to be where it is. */
import { useState } from 'preact/hooks';
import { mountedFrom } from '../api/experiments';
import { getLineage } from '../api/lineage';
import { getRegisteredModel, searchModelVersions, type ModelVersionInfo, type RegisteredModel } from '../api/mlflow';
import { getGates, getModelHistory, getModelVersionDetails, type Check, type MlflowField, type MlflowType, type ModelChange, type ModelVersionDetails, type Signature, type TensorSpec } from '../api/models';
import { Badge, Chip, Empty, Facts, Page, ReadOnly, Section, Shown, Tabs, When, currentTab } from '../components/basics';
import { HealthLinks } from '../components/health-links';
import { Markdown, MarkdownLine } from '../components/markdown';
import { Table } from '../components/table';
import { quoteText } from '../filter';
import { inline, shortId } from '../format';
import { lineagePath, modelPath, runPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place } from '../router';
import { LineageGraph } from './lineage';
import { CompareVersions } from './model-compare';
import { VersionFiles } from './model-files';
import { History } from './model-history';
import { Gates, GatesNow, PromoteDialog, RollBackDialog } from './model-move';
import { RegisterDialog } from './models';

const tabs = ['version', 'files', 'compare', 'lineage', 'gates'] as const;
const lineageDepth = 5;

export function ModelPage(props: { name: string }) {
  const model = useRead(`model:${props.name}`, (signal) => getRegisteredModel(props.name, signal), { on: nouns.model });
  const versions = useRead(`versions:${props.name}`, (signal) => searchModelVersions(`name=${quoteText(props.name)}`, signal), { on: nouns.model });
  const sorted = [...(versions.data ?? [])].sort((a, b) => Number(b.version) - Number(a.version));
  const champion = model.data?.aliases?.find((alias) => alias.alias === 'champion')?.version;
  const chosen = place.value.query.get('version') ?? champion ?? sorted[0]?.version;
  const info = sorted.find((each) => each.version === chosen);
  const folder = mountedFrom(model.data);
  const description = model.data?.description;
  // Headings, lists and paragraphs have a place of their own.
  const isLong = description?.trim().includes('\n');
  return (
    <Page
      title={props.name}
      trail={[{ label: 'Models', to: '/models' }]}
      badge={
        <>
          {champion && <Chip strong>champion v{champion}</Chip>}
          {folder && <ReadOnly folder={folder} />}
        </>
      }
      sub={description && !isLong && <MarkdownLine text={description} />}
      actions={model.data && !folder && <Actions model={model.data} version={info?.version} />}
    >
      <Shown read={model}>
        {(data) => (
          <>
            {description && isLong && (
              <div class="panel">
                <Markdown text={description} />
              </div>
            )}
            <Section title="Versions" note={sorted.length} flush>
              <Shown read={versions}>{() => <Versions model={data} versions={sorted} chosen={chosen} />}</Shown>
            </Section>
            {chosen && <Version name={props.name} version={chosen} info={info} versions={sorted} />}
          </>
        )}
      </Shown>
    </Page>
  );
}

function Actions(props: { model: RegisteredModel; version?: string }) {
  const { model, version } = props;
  const [asked, setAsked] = useState<'promote' | 'register' | { alias: string; version: string } | undefined>();
  const close = () => setAsked(undefined);
  const borne = model.aliases?.find((each) => each.alias === 'champion') ?? model.aliases?.[0];
  return (
    <>
      <HealthLinks model={model.name} version={version} />
      {version && (
        <button type="button" class="primary" onClick={() => setAsked('promote')}>
          Promote v{version}
        </button>
      )}
      {borne && (
        <button type="button" onClick={() => setAsked(borne)}>
          Roll {borne.alias} back
        </button>
      )}
      <button type="button" onClick={() => setAsked('register')}>
        Register a version
      </button>
      {asked === 'promote' && version && <PromoteDialog name={model.name} version={version} close={close} />}
      {asked === 'register' && <RegisterDialog name={model.name} close={close} />}
      {typeof asked === 'object' && <RollBackDialog name={model.name} alias={asked.alias} from={asked.version} close={close} />}
    </>
  );
}

function Version(props: { name: string; version: string; info?: ModelVersionInfo; versions: readonly ModelVersionInfo[] }) {
  const tab = currentTab(tabs);
  const { name, version, info } = props;
  return (
    <>
      <Tabs
        current={tab}
        tabs={[
          { id: 'version', label: `Version ${version}` },
          { id: 'files', label: 'Files' },
          { id: 'compare', label: 'Compare' },
          { id: 'lineage', label: 'Lineage' },
          { id: 'gates', label: 'Gates' },
        ]}
      />
      {tab === 'version' && (
        <>
          <VersionDetails name={name} version={version} info={info} />
          <History name={name} />
        </>
      )}
      {tab === 'files' && <VersionFiles name={name} version={version} />}
      {tab === 'compare' && <CompareVersions name={name} version={version} versions={props.versions} />}
      {tab === 'lineage' && <VersionLineage name={name} version={version} />}
      {tab === 'gates' && <GateFile name={name} />}
    </>
  );
}

function VersionLineage(props: { name: string; version: string }) {
  const node = `model:${props.name}@${props.version}`;
  const lineage = useRead(`lineage:${node}:${lineageDepth}`, (signal) => getLineage(node, lineageDepth, signal), { on: [...nouns.model, ...nouns.endpoint] });
  return (
    <Section title="Lineage" note="from the data to the endpoints" tools={<a href={lineagePath(node)}>Open</a>} flush>
      <Shown read={lineage} rows={6}>
        {(data) => (data.edges.length === 0 ? <Empty title="Nothing is known to lead to it or to come from it." /> : <LineageGraph lineage={data} node={node} />)}
      </Shown>
    </Section>
  );
}

function GateFile(props: { name: string }) {
  const gates = useRead(`gate-file:${props.name}`, (signal) => getGates(props.name, signal), { on: nouns.model });
  return (
    <Section
      title="Gates"
      note={gates.data && <>version {gates.data.gate_version}, by {gates.data.who || 'nobody known'}</>}
      tools={gates.data && <When ms={gates.data.created_ms} />}
    >
      <Shown read={gates}>
        {(data) =>
          data ? (
            <pre class="text">{data.source}</pre>
          ) : (
            <Empty title="This model has no gates." command={`millwright models gates apply ${props.name} gates.yaml`}>
              A gates.yaml says what a version must show before an alias or a stage names it.
            </Empty>
          )
        }
      </Shown>
    </Section>
  );
}

function aliasesOf(model: RegisteredModel, version: ModelVersionInfo): string[] {
  return version.aliases ?? (model.aliases ?? []).filter((alias) => alias.version === version.version).map((alias) => alias.alias);
}

function Versions(props: { model: RegisteredModel; versions: readonly ModelVersionInfo[]; chosen?: string }) {
  const history = useRead(`makers:${props.model.name}`, (signal) => getModelHistory(props.model.name, { kind: 'model_version.created', limit: 10_000 }, signal), {
    on: nouns.model,
  });
  const makers = new Map((history.data?.changes ?? []).map((change) => [change.version, change.who]));
  if (props.versions.length === 0) return <Empty title="No version yet." />;
  return (
    <Table
      label="Versions"
      rows={props.versions}
      rowKey={(version) => version.version}
      to={(version) => modelPath(version.name, version.version)}
      current={(version) => version.version === props.chosen}
      columns={[
        { id: 'version', label: 'Version', cell: (version) => <a href={modelPath(version.name, version.version)}>v{version.version}</a> },
        {
          id: 'aliases',
          label: 'Aliases',
          cell: (version) =>
            aliasesOf(props.model, version).map((alias) => (
              <Chip key={alias} strong={alias === 'champion'}>
                {alias}
              </Chip>
            )),
        },
        { id: 'stage', label: 'Stage', cell: (version) => (version.current_stage && version.current_stage !== 'None' ? <Chip>{version.current_stage}</Chip> : <span class="muted">–</span>) },
        { id: 'status', label: 'Status', cell: (version) => <Badge state={(version.status ?? 'READY').toLowerCase().replace('_registration', '')} /> },
        { id: 'created', label: 'Registered', cell: (version) => <When ms={version.creation_timestamp} /> },
        {
          id: 'run',
          label: 'From run',
          cell: (version) => (version.run_id ? <a href={runPath(version.run_id)}>{shortId(version.run_id)}</a> : <span class="muted">–</span>),
        },
        { id: 'by', label: 'By', cell: (version) => <span class="muted">{version.user_id || makers.get(version.version) || '–'}</span> },
        {
          id: 'description',
          label: 'Description, or where it is from',
          grow: true,
          cell: (version) => <span class="muted">{version.description ? <MarkdownLine text={version.description} /> : version.status_message || version.source}</span>,
        },
      ]}
    />
  );
}

function VersionDetails(props: { name: string; version: string; info?: ModelVersionInfo }) {
  const details = useRead(
    `version:${props.name}@${props.version}`,
    (signal) => getModelVersionDetails(props.name, props.version, signal),
    { on: nouns.model },
  );
  const history = useRead(`history:${props.name}`, (signal) => getModelHistory(props.name, {}, signal), { on: nouns.model });
  const judged = gatesOf(history.data?.changes ?? [], props.version);
  return (
    <Shown read={details}>
      {(data) => (
        <>
          {props.info && (
            <div class="under-tabs"><Facts
              items={[
                ['Version', `v${props.version}`],
                ...(props.info.description ? [['Description', <MarkdownLine text={props.info.description} />] as const] : []),
                ['Source', <code>{props.info.source}</code>],
                ['From run', props.info.run_id && <a href={runPath(props.info.run_id)}>{shortId(props.info.run_id)}</a>],
                ...(props.info.tags ?? []).map((tag) => [tag.key, tag.value] as const),
              ]}
            /></div>
          )}
          <div class="columns even">
            <div>
              <Section title={`Checks of v${props.version}`} note={checkNote(data.checks)} flush>
                {data.checks.length === 0 ? <Empty title="Nothing was checked." /> : <Checks checks={data.checks} />}
              </Section>
              <Section title="Gate of champion now" flush>
                <GatesNow name={props.name} version={props.version} alias="champion" approvals={data.approvals} on={nouns.model} changed={details.reload} />
              </Section>
              {judged.map((change) => (
                <Section key={`${change.alias} ${change.time_ms}`} title={`${change.kind === 'gate.refused' ? 'Refused' : 'Judged'} as ${change.alias}`} note={<When ms={change.time_ms} />} flush>
                  <Gates gates={change.details?.gates ?? []} />
                </Section>
              ))}
            </div>
            <Section title="Signature" flush>
              {signatureOf(data) ? <SignatureTable signature={signatureOf(data)!} /> : <Empty title="This version has no signature." />}
            </Section>
          </div>
        </>
      )}
    </Shown>
  );
}

/** The latest judgement of each alias that this version was asked to bear. */
export function gatesOf(changes: readonly ModelChange[], version: string): ModelChange[] {
  const seen = new Set<string>();
  return changes.filter((change) => {
    if (change.version !== version || !change.alias || !change.details?.gates?.length || seen.has(change.alias)) return false;
    seen.add(change.alias);
    return true;
  });
}

function checkNote(checks: readonly Check[]): string {
  const failed = checks.filter((check) => !check.passed).length;
  return failed === 0 ? `${checks.length} passed` : `${failed} of ${checks.length} failed`;
}

function Checks(props: { checks: readonly Check[] }) {
  return (
    <ul class="checks">
      {props.checks.map((check) => (
        <li key={check.name + check.created_ms}>
          <Badge state={check.passed ? 'passed' : 'failed'} />
          <div>
            <strong>{check.name}</strong> <span>{check.summary}</span>
            {check.details && Object.keys(check.details).length > 0 && (
              <details>
                <summary>Details</summary>
                <Facts items={Object.entries(check.details).map(([key, value]) => [key, inline(value)] as const)} />
              </details>
            )}
          </div>
          <span class="muted">
            <When ms={check.created_ms} />
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The signature that was recorded, else what the version's MLmodel says; parameters only that says. */
export function signatureOf(details: Pick<ModelVersionDetails, 'signature' | 'schema'>): Signature | undefined {
  const { signature, schema } = details;
  if (!schema) return signature;
  const side = (fields: readonly MlflowField[] = []) => fields.map(specOf);
  const params = (schema.params ?? []).map((field, i) => ({ ...specOf(field, i), shape: field.shape ?? undefined, fallback: field.default }));
  return { inputs: signature?.inputs ?? side(schema.inputs), outputs: signature?.outputs ?? side(schema.outputs), params };
}

const specOf = (field: MlflowField, i: number): TensorSpec => ({
  name: field.name || `#${i + 1}`,
  type: field['tensor-spec']?.dtype ?? typeName(field) ?? field.dtype ?? '',
  shape: field['tensor-spec']?.shape,
  required: field.required ?? !field.optional,
});

/** As the program's own messages name it: `array(double)`, `object(a: string, b?: long)`. */
function typeName(type: MlflowType): string | undefined {
  if (type.type === 'array') return `array(${typeName(type.items ?? {})})`;
  if (type.type === 'map') return `map(${typeName(type.values ?? {})})`;
  if (type.type !== 'object') return type.type;
  const properties = Object.entries(type.properties ?? {});
  return `object(${properties.map(([name, each]) => `${name}${each.required === false ? '?' : ''}: ${typeName(each)}`).join(', ')})`;
}

export function SignatureTable(props: { signature: Signature }) {
  const { inputs, outputs, params = [] } = props.signature;
  const rows: (TensorSpec & { side: string; fallback?: unknown })[] = [
    ...inputs.map((each) => ({ ...each, side: 'in' })),
    ...params.map((each) => ({ ...each, side: 'param' })),
    ...outputs.map((each) => ({ ...each, side: 'out', required: true })),
  ];
  return (
    <Table
      label="Signature"
      rows={rows}
      rowKey={(row) => `${row.side} ${row.name}`}
      columns={[
        { id: 'side', label: '', cell: (row) => <span class="muted">{row.side}</span> },
        { id: 'name', label: 'Name', grow: true, cell: (row) => <span title={row.name}>{row.name}</span> },
        {
          id: 'type',
          label: 'Type',
          cell: (row) => (
            <>
              <code>{row.type}</code> {row.required === false && <span class="muted">optional</span>}
              {row.side === 'param' && <span class="muted" title="what it is where a caller does not say">= {inline(row.fallback)}</span>}
            </>
          ),
        },
        { id: 'shape', label: 'Shape', cell: (row) => (row.shape ? <code>[{row.shape.map((size) => (size < 0 ? 'any' : size)).join(', ')}]</code> : '') },
      ]}
    />
  );
}

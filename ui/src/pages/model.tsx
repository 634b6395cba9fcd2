/** A model: its versions, what was checked about the chosen one, and how it came to be where it is. */
import { getRegisteredModel, searchModelVersions, type ModelVersionInfo, type RegisteredModel } from '../api/mlflow';
import { getModelHistory, getModelVersionDetails, type Check, type Gate, type ModelChange, type Signature, type TensorSpec } from '../api/models';
import { Badge, Chip, Empty, Facts, Page, Section, Shown, When } from '../components/basics';
import { Table } from '../components/table';
import { quoteText } from '../filter';
import { inline, shortId } from '../format';
import { lineagePath, modelPath, runPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place } from '../router';

export function ModelPage(props: { name: string }) {
  const model = useRead(`model:${props.name}`, (signal) => getRegisteredModel(props.name, signal), { on: nouns.model });
  const versions = useRead(`versions:${props.name}`, (signal) => searchModelVersions(`name=${quoteText(props.name)}`, signal), { on: nouns.model });
  const sorted = [...(versions.data ?? [])].sort((a, b) => Number(b.version) - Number(a.version));
  const champion = model.data?.aliases?.find((alias) => alias.alias === 'champion')?.version;
  const chosen = place.value.query.get('version') ?? champion ?? sorted[0]?.version;
  return (
    <Page
      title={props.name}
      trail={[{ label: 'Models', to: '/models' }]}
      badge={champion && <Chip strong>champion v{champion}</Chip>}
      sub={model.data?.description}
      actions={
        chosen && (
          <a class="button" href={lineagePath(`model:${props.name}@${chosen}`)}>
            Lineage
          </a>
        )
      }
    >
      <Shown read={model}>
        {(data) => (
          <>
            <Section title="Versions" note={sorted.length} flush>
              <Shown read={versions}>{() => <Versions model={data} versions={sorted} chosen={chosen} />}</Shown>
            </Section>
            {chosen && <VersionDetails name={props.name} version={chosen} info={sorted.find((each) => each.version === chosen)} />}
            <History name={props.name} />
          </>
        )}
      </Shown>
    </Page>
  );
}

function aliasesOf(model: RegisteredModel, version: ModelVersionInfo): string[] {
  return version.aliases ?? (model.aliases ?? []).filter((alias) => alias.version === version.version).map((alias) => alias.alias);
}

function Versions(props: { model: RegisteredModel; versions: readonly ModelVersionInfo[]; chosen?: string }) {
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
        { id: 'status', label: 'Status', cell: (version) => <Badge state={(version.status ?? 'READY').toLowerCase().replace('_registration', '')} /> },
        { id: 'created', label: 'Registered', cell: (version) => <When ms={version.creation_timestamp} /> },
        {
          id: 'run',
          label: 'From run',
          cell: (version) => (version.run_id ? <a href={runPath(version.run_id)}>{shortId(version.run_id)}</a> : <span class="muted">–</span>),
        },
        { id: 'by', label: 'By', cell: (version) => <span class="muted">{version.user_id || '–'}</span> },
        {
          id: 'description',
          label: 'Description',
          grow: true,
          cell: (version) => <span class="muted">{version.description || version.status_message || version.source}</span>,
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
  const history = useRead(`history:${props.name}`, (signal) => getModelHistory(props.name, signal), { on: nouns.model });
  const judged = gatesOf(history.data ?? [], props.version);
  return (
    <Shown read={details}>
      {(data) => (
        <>
          {props.info && (
            <Facts
              items={[
                ['Version', `v${props.version}`],
                ['Source', <code>{props.info.source}</code>],
                ['From run', props.info.run_id && <a href={runPath(props.info.run_id)}>{shortId(props.info.run_id)}</a>],
                ...(props.info.tags ?? []).map((tag) => [tag.key, tag.value] as const),
              ]}
            />
          )}
          <div class="columns even">
            <div>
              <Section title={`Checks of v${props.version}`} note={checkNote(data.checks)} flush>
                {data.checks.length === 0 ? <Empty title="Nothing was checked." /> : <Checks checks={data.checks} />}
              </Section>
              {judged.map((change) => (
                <Section key={`${change.alias} ${change.time_ms}`} title={`Gate of ${change.alias}`} note={<When ms={change.time_ms} />} flush>
                  <Gates gates={change.details?.gates ?? []} />
                </Section>
              ))}
            </div>
            <Section title="Signature" flush>
              {data.signature ? <SignatureTable signature={data.signature} /> : <Empty title="This version has no signature." />}
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

function Gates(props: { gates: readonly Gate[] }) {
  return (
    <ul class="checks">
      {props.gates.map((each) => (
        <li key={each.gate}>
          <Badge state={each.passed ? 'passed' : 'failed'} />
          <div>
            <strong>{each.gate}</strong> <span>{each.reason}</span>
          </div>
        </li>
      ))}
    </ul>
  );
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

export function SignatureTable(props: { signature: Signature }) {
  const rows: (TensorSpec & { side: string })[] = [
    ...props.signature.inputs.map((each) => ({ ...each, side: 'in' })),
    ...props.signature.outputs.map((each) => ({ ...each, side: 'out' })),
  ];
  return (
    <Table
      label="Signature"
      rows={rows}
      rowKey={(row) => `${row.side} ${row.name}`}
      columns={[
        { id: 'side', label: '', cell: (row) => <span class="muted">{row.side}</span> },
        { id: 'name', label: 'Name', grow: true, cell: (row) => row.name },
        { id: 'type', label: 'Type', cell: (row) => <code>{row.type}</code> },
        { id: 'shape', label: 'Shape', cell: (row) => (row.shape ? <code>[{row.shape.map((size) => (size < 0 ? 'any' : size)).join(', ')}]</code> : '') },
      ]}
    />
  );
}

function History(props: { name: string }) {
  const history = useRead(`history:${props.name}`, (signal) => getModelHistory(props.name, signal), {
    on: nouns.model,
  });
  return (
    <Section title="History" note="who moved what, and which gate let it pass" flush>
      <Shown read={history}>
        {(changes) =>
          changes.length === 0 ? (
            <Empty title="No change so far." />
          ) : (
            <Table
              label="History"
              rows={changes}
              rowKey={(change) => `${change.time_ms} ${change.kind} ${change.version ?? ''} ${change.alias ?? ''} ${change.summary}`}
              columns={[
                { id: 'time', label: 'When', cell: (change) => <When ms={change.time_ms} /> },
                { id: 'kind', label: 'Change', cell: (change) => <code>{change.kind}</code> },
                { id: 'version', label: 'Version', cell: (change) => (change.version ? `v${change.version}` : '–') },
                { id: 'summary', label: 'What', grow: true, cell: (change) => <span title={change.summary}>{change.summary}</span> },
                { id: 'who', label: 'By', cell: (change) => <span class="muted">{change.who}</span> },
              ]}
            />
          )
        }
      </Shown>
    </Section>
  );
}

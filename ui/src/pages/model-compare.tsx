/** What is different between two versions: what they take, how they were trained, on what, and their files. */
import { getLineage } from '../api/lineage';
import { getRun, type ModelVersionInfo, type Run } from '../api/mlflow';
import { compareVersions, type SchemaChange, type VersionDiff } from '../api/models';
import { Badge, Empty, Section, Shown } from '../components/basics';
import { Table } from '../components/table';
import { bytes, measure } from '../format';
import { useRead, type Read } from '../query';
import { place, setQuery } from '../router';

export interface Difference {
  key: string;
  before?: string;
  after?: string;
}

/** The keys whose values are not the same, in order. */
export function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Difference[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.filter((key) => before.get(key) !== after.get(key)).map((key) => ({ key, before: before.get(key), after: after.get(key) }));
}

export function CompareVersions(props: { name: string; version: string; versions: readonly ModelVersionInfo[] }) {
  const others = props.versions.filter((each) => each.version !== props.version);
  const wanted = place.value.query.get('with');
  const before = others.find((each) => each.version === wanted) ?? others.find((each) => Number(each.version) < Number(props.version)) ?? others[0];
  const after = props.versions.find((each) => each.version === props.version);
  const diff = useRead(before && after ? `diff:${props.name}:${before.version}:${after.version}` : null, (signal) =>
    compareVersions(props.name, before!.version, after!.version, signal),
  );
  if (!before || !after) return <Empty title="There is no other version to compare with." />;
  return (
    <>
      <div class="toolbar under-tabs">
        <label class="ask-inline">
          <span>v{props.version} compared with</span>
          <select aria-label="Compare with version" value={before.version} onChange={(event) => setQuery({ with: event.currentTarget.value })}>
            {others.map((each) => (
              <option key={each.version} value={each.version}>
                v{each.version}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Schema read={diff} />
      <Runs before={before} after={after} />
      <div class="columns even">
        <Data before={before} after={after} />
        <Section title="Files" note="by their checksums" flush>
          <Shown read={diff}>
            {({ files }) =>
              files ? (
                <DifferenceTable
                  label="File differences"
                  rows={files.map((file) => ({ key: file.path, before: file.before && bytes(file.before.bytes), after: file.after && bytes(file.after.bytes) }))}
                  before={before}
                  after={after}
                />
              ) : (
                <Empty title="Another store has the files." />
              )
            }
          </Shown>
        </Section>
      </div>
    </>
  );
}

function Schema(props: { read: Read<VersionDiff> }) {
  return (
    <Section title="Schema" note="what callers of the one are told by the other" flush>
      <Shown read={props.read}>
        {(data) => {
          if (!data.known) return <Empty title="There is no signature of both to compare." />;
          if (data.changes!.length === 0) return <Empty title="Both take and give the same." />;
          return <SchemaTable changes={data.changes!} />;
        }}
      </Shown>
    </Section>
  );
}

function SchemaTable(props: { changes: readonly SchemaChange[] }) {
  return (
    <Table
      label="Schema changes"
      rows={props.changes}
      rowKey={(change) => `${change.side} ${change.name} ${change.change}`}
      columns={[
        { id: 'breaks', label: '', cell: (change) => <Badge state={change.breaks ? 'failed' : 'passed'} label={change.breaks ? 'breaks' : 'fits'} /> },
        { id: 'side', label: '', cell: (change) => <span class="muted">{change.side}</span> },
        { id: 'name', label: 'Name', cell: (change) => change.name },
        { id: 'before', label: 'Before', cell: (change) => <code>{change.before ?? ''}</code> },
        { id: 'after', label: 'After', cell: (change) => <code>{change.after ?? ''}</code> },
        { id: 'reason', label: 'What', grow: true, cell: (change) => change.reason },
      ]}
    />
  );
}

const runOf = async (version: ModelVersionInfo, signal: AbortSignal): Promise<Run | undefined> => (version.run_id ? getRun(version.run_id, signal) : undefined);
const params = (run?: Run) => new Map((run?.data.params ?? []).map((each) => [each.key, each.value]));
const metrics = (run?: Run) => new Map((run?.data.metrics ?? []).map((each) => [each.key, typeof each.value === 'number' ? measure(each.value) : each.value]));

function Runs(props: { before: ModelVersionInfo; after: ModelVersionInfo }) {
  const read = useRead(`runs-of:${props.before.run_id ?? ''}:${props.after.run_id ?? ''}`, (signal) => Promise.all([runOf(props.before, signal), runOf(props.after, signal)]));
  return (
    <Shown read={read}>
      {([before, after]) => (
        <div class="columns even">
          <Section title="Parameters" flush>
            <DifferenceTable label="Parameter differences" rows={differences(params(before), params(after))} before={props.before} after={props.after} />
          </Section>
          <Section title="Metrics" flush>
            <DifferenceTable label="Metric differences" rows={differences(metrics(before), metrics(after))} before={props.before} after={props.after} />
          </Section>
        </div>
      )}
    </Shown>
  );
}

function DifferenceTable(props: { label: string; rows: readonly Difference[]; before: ModelVersionInfo; after: ModelVersionInfo }) {
  if (props.rows.length === 0) return <Empty title="No difference." />;
  return (
    <Table
      label={props.label}
      rows={props.rows}
      rowKey={(row) => row.key}
      columns={[
        { id: 'key', label: 'Name', grow: true, cell: (row) => row.key },
        { id: 'before', label: `v${props.before.version}`, number: true, cell: (row) => row.before ?? '–' },
        { id: 'after', label: `v${props.after.version}`, number: true, cell: (row) => row.after ?? '–' },
      ]}
    />
  );
}

const lineageDepth = 5;

/** The datasets upstream of a version. */
async function datasetsOf(version: ModelVersionInfo, signal: AbortSignal): Promise<Map<string, string>> {
  const lineage = await getLineage(`model:${version.name}@${version.version}`, lineageDepth, signal);
  const upstream = new Set([`model:${version.name}@${version.version}`]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const edge of lineage.edges) {
      if (upstream.has(edge.to) && !upstream.has(edge.from)) grown = !!upstream.add(edge.from);
    }
  }
  const ids = [...upstream].filter((id) => id.startsWith('dataset:')).map((id) => id.slice('dataset:'.length));
  return new Map(ids.map((id) => [id.replace(/@[^@]*$/, ''), id.replace(/^.*@/, '@')]));
}

function Data(props: { before: ModelVersionInfo; after: ModelVersionInfo }) {
  const { before, after } = props;
  const read = useRead(`data-of:${before.name}:${before.version}:${after.version}`, (signal) => Promise.all([datasetsOf(before, signal), datasetsOf(after, signal)]));
  return (
    <Section title="Data" note="that they were made of" flush>
      <Shown read={read}>{([was, is]) => <DifferenceTable label="Data differences" rows={differences(was, is)} before={before} after={after} />}</Shown>
    </Section>
  );
}

/** A dataset version: what its columns hold, what the suites said, how it was split. */
import { getDataset, getFullProfile, getProfile, getRows, isHeld, judge, listSources, profileReportUrl, release, type Cell, type ColumnProfile, type Dataset, type DatasetVersion, type FullProfile, type Split } from '../api/datasets';
import { useState } from 'preact/hooks';
import { attach, detach, listAttachments, listSuites, listValidations, validationReportUrl, type Attachment } from '../api/validations';
import { cli } from '../cli';
import { Badge, Empty, Facts, Page, Section, Select, Shown, Tabs, When, currentTab } from '../components/basics';
import { Histogram, TopValues, type Bar } from '../components/bars';
import { Dialog, TextDialog } from '../components/dialog';
import { Table } from '../components/table';
import { bytes, count, grouped, inline, measure, percent, shortId } from '../format';
import { datasetPath, lineagePath, suitePath, validationPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, setQuery } from '../router';

const rowsShown = 100;

export function DatasetPage(props: { name: string }) {
  const dataset = useRead(`dataset:${props.name}`, (signal) => getDataset(props.name, signal), { on: nouns.dataset });
  const wanted = Number(place.value.query.get('version'));
  const versions = [...(dataset.data?.versions ?? [])].sort((a, b) => b.version - a.version);
  const version = versions.find((each) => each.version === wanted) ?? versions.find((each) => !isHeld(each)) ?? versions[0];
  const [releasing, setReleasing] = useState(false);
  const tab = currentTab(['profile', 'rows', 'validations', 'splits', 'versions']);
  return (
    <Page
      title={version ? `${props.name}@${version.version}` : props.name}
      trail={[{ label: 'Datasets', to: '/datasets' }]}
      badge={version && version.state !== 'ready' && <Badge state={version.state} />}
      actions={
        version && (
          <>
            {versions.length > 1 && (
              <Select
                label="Version"
                value={String(version.version)}
                options={versions.map((each) => ({ value: String(each.version), label: `@${each.version}${isHeld(each) ? ` ${each.state}` : ''}` }))}
                onChange={(value) => setQuery({ version: value })}
              />
            )}
            <a class="button" href={lineagePath(`dataset:${props.name}@${version.version}`)}>
              Lineage
            </a>
          </>
        )
      }
    >
      <Shown read={dataset} rows={8}>
        {(data) =>
          version ? (
            <>
              <Facts
                items={[
                  ['Rows', grouped(version.row_count)],
                  ['Columns', version.columns.length],
                  ['Size', bytes(version.bytes)],
                  ['Made', <When ms={version.created_ms} both />],
                  ['SHA-256', <code title={version.sha256}>{version.sha256.slice(0, 16)}…</code>],
                  ['Source', version.source],
                ]}
              />
              {isHeld(version) && (
                <div class="held-note" role="note">
                  <p>{version.state === 'pending' ? 'Its suites have not judged this version yet.' : <StateReason text={version.state_reason} />}</p>
                  {version.state === 'quarantined' && (
                    <p class="proposal-tools">
                      <button type="button" onClick={() => setReleasing(true)}>
                        Release…
                      </button>
                      <JudgeButton name={props.name} version={version.version} judged={dataset.reload} />
                    </p>
                  )}
                </div>
              )}
              {!isHeld(version) && version.state_reason !== '' && (
                <p class="muted">
                  {version.state === 'released' ? `Released by ${version.state_by}: ` : ''}
                  <StateReason text={version.state_reason} />
                </p>
              )}
              {releasing && (
                <TextDialog
                  title={`Release ${props.name}@${version.version}`}
                  label="Why it may be taken although it failed"
                  value=""
                  action="Release"
                  act={(reason) => release(props.name, version.version, reason)}
                  close={() => {
                    setReleasing(false);
                    dataset.reload();
                  }}
                />
              )}
              <Tabs
                current={tab}
                tabs={[
                  { id: 'profile', label: 'Profile' },
                  { id: 'rows', label: 'Rows' },
                  { id: 'validations', label: 'Validations' },
                  { id: 'splits', label: 'Splits', amount: data.splits.length },
                  { id: 'versions', label: 'Versions', amount: versions.length },
                ]}
              />
              {tab === 'profile' && <ProfileTab name={props.name} version={version.version} />}
              {tab === 'rows' && <RowsTab name={props.name} version={version} />}
              {tab === 'validations' && <ValidationsTab name={props.name} />}
              {tab === 'splits' && <SplitsTab dataset={data} />}
              {tab === 'versions' && <VersionsTab name={props.name} versions={versions} current={version.version} />}
            </>
          ) : (
            <Empty title="This dataset has no version." />
          )
        }
      </Shown>
    </Page>
  );
}

/** Why a version is in its state, with links to the reports that it names. */
function StateReason(props: { text: string }) {
  return (
    <>
      {props.text.split(/\b(validation [0-9a-f]{32})\b/).map((part, i) =>
        i % 2 === 1 ? (
          <a key={i} href={validationPath(part.slice('validation '.length))}>
            see the report
          </a>
        ) : (
          part
        ),
      )}
    </>
  );
}

/** Judges a held version by its suites as they are now. */
function JudgeButton(props: { name: string; version: number; judged: () => void }) {
  const [state, setState] = useState<{ busy: boolean; error?: string }>({ busy: false });
  const act = async () => {
    setState({ busy: true });
    try {
      await judge(props.name, props.version);
      setState({ busy: false });
      props.judged();
    } catch (cause) {
      setState({ busy: false, error: cause instanceof Error ? cause.message : String(cause) });
    }
  };
  return (
    <>
      <button type="button" disabled={state.busy} onClick={() => void act()}>
        Judge again
      </button>
      {state.error && <span class="bad-text">{state.error}</span>}
    </>
  );
}

function ProfileTab(props: { name: string; version: number }) {
  const profile = useRead(`profile:${props.name}@${props.version}`, (signal) => getProfile(props.name, props.version, signal));
  const full = useRead(`full-profile:${props.name}@${props.version}`, (signal) => getFullProfile(props.name, props.version, signal));
  const looks = new Map((full.data?.columns ?? []).map((column) => [column.name, looksOf(column.semantic_type)]));
  return (
    <>
      <Warnings warnings={full.data?.warnings ?? []} report={profileReportUrl(props.name, props.version)} />
      <Shown read={profile} rows={10}>
        {(data) => (
          <div class="profile">
            {data.columns.map((column) => (
              <ColumnCard key={column.name} column={column} rows={data.row_count} looks={looks.get(column.name)} />
            ))}
          </div>
        )}
      </Shown>
    </>
  );
}

const warningsShown = 12;

function Warnings(props: { warnings: FullProfile['warnings']; report: string }) {
  const { warnings, report } = props;
  return (
    <div class="profile-warnings">
      {warnings.length > 0 && (
        <ul aria-label="Warnings">
          {warnings.slice(0, warningsShown).map((warning, i) => (
            <li key={i}>
              <span class="warn-text">{warning.kind}</span> {warning.column !== '' && <b>{warning.column}</b>} {warning.message}
            </li>
          ))}
        </ul>
      )}
      <a href={report} target="_blank" rel="noopener">
        {warnings.length > warningsShown ? `${warnings.length - warningsShown} more warnings, all figures and correlations` : 'All figures and correlations'}
      </a>
    </div>
  );
}

/** "date %d/%m/%Y", "email, 97 %"; nothing where the type says as much. */
export function looksOf(type: FullProfile['columns'][number]['semantic_type']): string {
  if (['unknown', 'number', 'count', 'category'].includes(type.name)) return '';
  const format = type.format === '' ? '' : ` ${type.format}`;
  return type.name + format + (type.share < 1 && type.share > 0 ? `, ${percent(type.share)}` : '');
}

/** A number of few values is better seen value by value than in bins that mostly lie between them. */
export function barsOf(column: ColumnProfile): Bar[] {
  const values = column.top_values ?? [];
  if (values.length > 0 && values.length >= column.distinct && values.every((each) => typeof each.value === 'number')) {
    return [...values]
      .sort((a, b) => Number(a.value) - Number(b.value))
      .map((each) => ({ label: measure(each.value as number), count: each.count }));
  }
  const { edges, counts } = column.histogram ?? { edges: [], counts: [] };
  return counts.map((amount, i) => ({ label: `${measure(edges[i], 3)} – ${measure(edges[i + 1], 3)}`, count: amount }));
}

const quantileNames = ['p05', 'p25', 'p50', 'p75', 'p95'] as const;

function ColumnCard(props: { column: ColumnProfile; rows: number; looks?: string }) {
  const { column, rows } = props;
  const bars = barsOf(column);
  const value = (given: ColumnProfile['min']) => (typeof given === 'number' ? measure(given) : inline(given));
  return (
    <article class="panel column-card" aria-label={`Column ${column.name}`}>
      <header>
        <h3>{column.name}</h3>
        <code>{props.looks || column.type}</code>
      </header>
      {bars.length > 0 ? (
        <div class="histogram-box">
          <Histogram bars={bars} label={column.name} />
          <div class="histogram-ends">
            <span>{value(column.min)}</span>
            <span>{value(column.max)}</span>
          </div>
        </div>
      ) : column.top_values && column.top_values.length > 0 ? (
        <TopValues values={column.top_values} total={rows} />
      ) : (
        <p class="muted">
          {value(column.min)} … {value(column.max)}
        </p>
      )}
      <dl class="small-facts">
        <div>
          <dt>missing</dt>
          <dd class={column.missing > 0 ? 'warn-text' : ''}>{column.missing === 0 ? '0' : percent(column.missing / Math.max(1, rows))}</dd>
        </div>
        <div>
          <dt>distinct</dt>
          <dd>
            {column.distinct_approximate && column.distinct >= 1000 ? '≈ ' : ''}
            {count(column.distinct)}
          </dd>
        </div>
        {typeof column.mean === 'number' && (
          <div>
            <dt>mean</dt>
            <dd>{measure(column.mean, 3)}</dd>
          </div>
        )}
        {typeof column.stddev === 'number' && (
          <div>
            <dt>std dev</dt>
            <dd>{measure(column.stddev, 3)}</dd>
          </div>
        )}
      </dl>
      {column.quantiles && (
        <dl class="small-facts quantiles">
          {quantileNames.map((name) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{measure(column.quantiles![name], 3)}</dd>
            </div>
          ))}
        </dl>
      )}
    </article>
  );
}

function RowsTab(props: { name: string; version: DatasetVersion }) {
  const offset = Math.max(0, Number(place.value.query.get('offset')) || 0);
  const rows = useRead(`rows:${props.name}@${props.version.version}:${offset}`, (signal) =>
    getRows(props.name, props.version.version, rowsShown, offset, signal),
  );
  const total = props.version.row_count;
  const move = (to: number) => setQuery({ offset: to > 0 ? String(to) : undefined });
  return (
    <Section
      title="Rows"
      note={`${grouped(offset + 1)}–${grouped(Math.min(total, offset + rowsShown))} of ${grouped(total)}`}
      flush
      tools={
        <>
          <button type="button" disabled={offset === 0} onClick={() => move(offset - rowsShown)}>
            Previous
          </button>
          <button type="button" disabled={offset + rowsShown >= total} onClick={() => move(offset + rowsShown)}>
            Next
          </button>
        </>
      }
    >
      <Shown read={rows} rows={10}>
        {(data) => (
          <Table<{ index: number; cells: Cell[] }>
            label="Rows"
            rows={data.rows.map((cells, index) => ({ index, cells }))}
            rowKey={(row) => row.index}
            height="calc(100vh - 300px)"
            columns={[
              { id: '#', label: '#', number: true, cell: (row) => <span class="muted">{grouped(offset + row.index + 1)}</span> },
              ...data.columns.map((column, i) => ({
                id: column.name,
                label: column.name,
                number: /int|float|double|decimal|long|real|numeric/i.test(column.type),
                cell: (row: { cells: Cell[] }) => {
                  const cell = row.cells[i];
                  return cell === null || cell === undefined ? <span class="missing">missing</span> : String(cell);
                },
              })),
            ]}
          />
        )}
      </Shown>
    </Section>
  );
}

const actionWords: Record<Attachment['on_failure'], string> = {
  quarantine: 'the version is held',
  'set-aside': 'rows that fail are set aside',
  warn: 'it passes with a warning',
};

function GatesSection(props: { name: string }) {
  const attachments = useRead('suite-attachments', listAttachments, { on: nouns.suite });
  const [adding, setAdding] = useState(false);
  const sources = useRead('sources', listSources);
  const feeds = new Set((sources.data ?? []).filter((each) => each.dataset === props.name).map((each) => each.name));
  const own = (attachments.data ?? []).filter((each) => (each.dataset !== undefined ? each.dataset === props.name : feeds.has(each.source!)));
  return (
    <Section
      title="Judged on arrival"
      note="suites that every new version must meet"
      tools={
        <button type="button" onClick={() => setAdding(true)}>
          Attach a suite…
        </button>
      }
      flush
    >
      <Shown read={attachments} rows={1}>
        {() =>
          own.length === 0 ? (
            <Empty title="New versions are not judged." command={cli.attach(props.name)} />
          ) : (
            <Table
              label="Attached suites"
              rows={own}
              rowKey={(each) => `${each.suite} ${each.dataset ?? ''} ${each.source ?? ''}`}
              columns={[
                { id: 'suite', label: 'Suite', cell: (each) => <a href={suitePath(each.suite)}>{each.suite}</a> },
                { id: 'target', label: 'Judges', cell: (each) => (each.dataset ? 'this dataset' : `source ${each.source}`) },
                { id: 'action', label: 'On failure', cell: (each) => actionWords[each.on_failure] },
                { id: 'since', label: 'Since', grow: true, cell: (each) => <When ms={each.created_ms} /> },
                {
                  id: 'detach',
                  label: '',
                  cell: (each) => (
                    <button type="button" class="link" onClick={() => void detach(each.suite, each.dataset ? { dataset: each.dataset } : { source: each.source }).then(attachments.reload)}>
                      Detach
                    </button>
                  ),
                },
              ]}
            />
          )
        }
      </Shown>
      {adding && (
        <AttachDialog
          name={props.name}
          close={() => {
            setAdding(false);
            attachments.reload();
          }}
        />
      )}
    </Section>
  );
}

function AttachDialog(props: { name: string; close: () => void }) {
  const suites = useRead('suites', listSuites, { on: nouns.suite });
  const [suite, setSuite] = useState('');
  const [action, setAction] = useState('quarantine');
  return (
    <Dialog title={`Judge new versions of ${props.name}`} action="Attach" act={() => attach(suite, props.name, action)} close={props.close}>
      <label class="ask-field">
        <span>Suite</span>
        <select required value={suite} onChange={(event) => setSuite(event.currentTarget.value)}>
          <option value="" />
          {(suites.data ?? []).map((each) => (
            <option key={each.name} value={each.name}>
              {each.name} (v{each.version})
            </option>
          ))}
        </select>
      </label>
      <label class="ask-field">
        <span>When a version fails</span>
        <select value={action} onChange={(event) => setAction(event.currentTarget.value)}>
          {Object.entries(actionWords).map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
    </Dialog>
  );
}

function ValidationsTab(props: { name: string }) {
  return (
    <>
      <GatesSection name={props.name} />
      <ValidationsSection name={props.name} />
    </>
  );
}

function ValidationsSection(props: { name: string }) {
  const validations = useRead(`validations:${props.name}`, (signal) => listValidations(props.name, signal), { on: nouns.validation });
  return (
    <Section title="Validations" flush>
      <Shown read={validations}>
        {(list) =>
          list.length === 0 ? (
            <Empty title="No suite has judged this dataset." command={cli.validate(props.name)} />
          ) : (
            <Table
              label="Validations"
              rows={list}
              rowKey={(validation) => validation.id}
              to={(validation) => validationPath(validation.id)}
              columns={[
                { id: 'success', label: 'Result', cell: (each) => <Badge state={each.success ? 'passed' : 'failed'} /> },
                { id: 'suite', label: 'Suite', cell: (each) => <a href={validationPath(each.id)}>{each.suite}</a> },
                { id: 'dataset', label: 'Judged', cell: (each) => <a href={datasetPath(each.dataset, each.version || undefined)}>{each.version ? `${each.dataset}@${each.version}` : each.dataset}</a> },
                { id: 'evaluated', label: 'Expectations', number: true, cell: (each) => each.evaluated },
                { id: 'unsuccessful', label: 'Failed', number: true, cell: (each) => <span class={each.unsuccessful > 0 ? 'bad-text' : ''}>{each.unsuccessful}</span> },
                { id: 'created', label: 'When', grow: true, cell: (each) => <When ms={each.created_ms} /> },
                {
                  id: 'report',
                  label: 'Report',
                  cell: (each) => (
                    <a href={validationReportUrl(each.id)} target="_blank" rel="noopener">
                      HTML
                    </a>
                  ),
                },
              ]}
            />
          )
        }
      </Shown>
    </Section>
  );
}

function SplitsTab(props: { dataset: Dataset }) {
  if (props.dataset.splits.length === 0) return <Empty title="Not split yet." command={cli.split(props.dataset.name)} />;
  return (
    <div class="splits">
      {props.dataset.splits.map((split) => {
        const total = split.parts.reduce((sum, part) => sum + part.row_count, split.unassigned_count ?? 0);
        return (
          <article key={split.id} class="panel">
            <h3>
              {split.name && split.name !== props.dataset.name ? `${split.name}: ` : ''}
              {split.kind} split of @{split.version} <code class="muted">{shortId(split.id)}</code>
            </h3>
            <div class="share-bar" role="img" aria-label={split.parts.map((part) => `${part.name}: ${part.row_count} rows`).join(', ')}>
              {split.parts.map((part, i) => (
                <span key={part.name} style={{ flexGrow: part.row_count, background: `var(--c${(i % 8) + 1})` }} />
              ))}
              {split.unassigned_count ? <span style={{ flexGrow: split.unassigned_count, background: 'var(--quiet-ground)' }} /> : null}
            </div>
            <ul class="share-legend">
              {split.parts.map((part, i) => (
                <li key={part.name}>
                  <span class="swatch" style={{ background: `var(--c${(i % 8) + 1})` }} /> {part.name} <b class="figures">{grouped(part.row_count)}</b>{' '}
                  <span class="muted">
                    {percent(part.row_count / Math.max(1, total))} {rangeOf(split, part.name)}
                  </span>
                </li>
              ))}
              {split.unassigned_count ? (
                <li>
                  <span class="swatch" style={{ background: 'var(--line-strong)' }} /> in no part <b class="figures">{grouped(split.unassigned_count)}</b>
                </li>
              ) : null}
            </ul>
            <Facts items={[...Object.entries(split.spec).filter(([key]) => key !== 'parts' && key !== 'kind').map(([key, value]) => [key, inline(value)] as const), ['made', <When ms={split.created_ms} both />]]} />
          </article>
        );
      })}
    </div>
  );
}

/** What the specification says of a part: its range of time. */
function rangeOf(split: Split, name: string): string {
  const parts = (split.spec['parts'] ?? []) as { name?: string; from?: unknown; to?: unknown }[];
  const part = Array.isArray(parts) ? parts.find((each) => each?.name === name) : undefined;
  return part?.from === undefined && part?.to === undefined ? '' : `· ${inline(part.from)} to ${inline(part.to)}`.replace(/T00:00:00(\.000)?Z/g, '');
}

function VersionsTab(props: { name: string; versions: readonly DatasetVersion[]; current: number }) {
  return (
    <Section title="Versions" flush>
      <Table
        label="Versions"
        rows={props.versions}
        rowKey={(version) => version.version}
        to={(version) => datasetPath(props.name, version.version)}
        current={(version) => version.version === props.current}
        columns={[
          { id: 'version', label: 'Version', cell: (version) => <a href={datasetPath(props.name, version.version)}>@{version.version}</a> },
          { id: 'state', label: 'State', cell: (version) => <Badge state={version.state} /> },
          { id: 'rows', label: 'Rows', number: true, cell: (version) => grouped(version.row_count) },
          { id: 'bytes', label: 'Size', number: true, cell: (version) => bytes(version.bytes) },
          { id: 'created', label: 'Made', cell: (version) => <When ms={version.created_ms} /> },
          { id: 'sha', label: 'SHA-256', cell: (version) => <code>{version.sha256.slice(0, 16)}…</code> },
          { id: 'source', label: 'Source', grow: true, cell: (version) => <span class="muted">{version.source}</span> },
        ]}
      />
    </Section>
  );
}

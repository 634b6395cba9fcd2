/** What happened to a model, and what it was at a time that the reader picks. */
import { useEffect, useState } from 'preact/hooks';
import { getModelAsOf, getModelHistory, type ModelChange, type PastModel } from '../api/models';
import { Chip, Empty, Section, Shown, When } from '../components/basics';
import { Table } from '../components/table';
import { modelPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, setQuery } from '../router';

/** The local time of an instant as `<input type="datetime-local">` writes it. */
export function localTime(ms: number): string {
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

export function History(props: { name: string }) {
  const first = useRead(`history:${props.name}`, (signal) => getModelHistory(props.name, {}, signal), { on: nouns.model });
  const [older, setOlder] = useState<{ changes: ModelChange[]; next?: string; error?: Error } | undefined>();
  useEffect(() => setOlder(undefined), [first.data]);
  const next = older ? older.next : first.data?.next_page_token;
  const load = () =>
    getModelHistory(props.name, { page_token: next }).then(
      (page) => setOlder({ changes: [...(older?.changes ?? []), ...page.changes], next: page.next_page_token }),
      (error: Error) => setOlder({ changes: older?.changes ?? [], next, error }),
    );
  return (
    <>
      <AsOf name={props.name} />
      <Section title="History" note="who moved what and why, and which gate let it pass" flush>
        <Shown read={first}>
          {(page) => (page.changes.length === 0 ? <Empty title="No change so far." /> : <Changes changes={[...page.changes, ...(older?.changes ?? [])]} />)}
        </Shown>
        {older?.error && (
          <p class="bad-text padded" role="alert">
            {older.error.message}
          </p>
        )}
        {next && (
          <p class="more">
            <button type="button" onClick={() => void load()}>
              Show older
            </button>
          </p>
        )}
      </Section>
    </>
  );
}

function Changes(props: { changes: readonly ModelChange[] }) {
  return (
    <Table
      label="History"
      rows={props.changes}
      rowKey={(change) => change.seq}
      columns={[
        {
          id: 'time',
          label: 'When',
          cell: (change) => (
            <button type="button" class="plain" title="Show the model as it was then" onClick={() => setQuery({ at: String(change.time_ms) })}>
              <When ms={change.time_ms} />
            </button>
          ),
        },
        { id: 'kind', label: 'Change', spare: true, cell: (change) => <code>{change.kind}</code> },
        { id: 'version', label: 'Version', spare: true, cell: (change) => (change.version ? `v${change.version}` : '–') },
        { id: 'summary', label: 'What', grow: true, cell: (change) => <span class="wrapped">{change.summary}</span> },
        { id: 'why', label: 'Why', cell: (change) => <span title={change.reason}>{change.reason ?? ''}</span> },
        { id: 'who', label: 'By', cell: (change) => <span class="muted">{change.who}</span> },
      ]}
    />
  );
}

/** The time stands in the address as `at`, so that an answer can be linked. */
function AsOf(props: { name: string }) {
  const at = Number(place.value.query.get('at')) || undefined;
  const past = useRead(at ? `as-of:${props.name}:${at}` : null, (signal) => getModelAsOf(props.name, at!, signal));
  return (
    <Section
      title="As of"
      tools={
        <>
          <input
            type="datetime-local"
            step="1"
            aria-label="Show the model as it was at"
            value={at ? localTime(at) : ''}
            onChange={(event) => {
              const ms = Date.parse(event.currentTarget.value);
              setQuery({ at: Number.isNaN(ms) ? undefined : String(ms) });
            }}
          />
          {at && (
            <button type="button" class="plain" onClick={() => setQuery({ at: undefined })}>
              Now
            </button>
          )}
        </>
      }
    >
      {at ? <Shown read={past}>{(data) => <Past past={data} />}</Shown> : <p class="muted">Choose a time, or a line of the history, to see which version bore which alias then.</p>}
    </Section>
  );
}

function Past(props: { past: PastModel }) {
  const { past } = props;
  return (
    <div class="as-of">
      <p>
        <strong>{past.name}</strong> at <When ms={past.time_ms} both />
        {past.name_now && <> · called {past.name_now} now</>}
      </p>
      {past.aliases.length === 0 && <p class="muted">No alias was set.</p>}
      <ul>
        {past.aliases.map((alias) => (
          <li key={alias.alias}>
            <Chip strong={alias.alias === 'champion'}>{alias.alias}</Chip> was <a href={modelPath(past.name_now ?? past.name, alias.version)}>v{alias.version}</a> since{' '}
            <When ms={alias.since_ms} />
            {alias.who && `, by ${alias.who}`}
            {alias.reason && `: ${alias.reason}`}
          </li>
        ))}
      </ul>
      {past.versions.length > 0 && (
        <p class="muted">
          Stages:{' '}
          {past.versions.map((version, i) => (
            <span key={version.version}>
              {i > 0 && ', '}v{version.version} {version.stage.name}
            </span>
          ))}
        </p>
      )}
    </div>
  );
}

/** Rows of a log for which a condition holds: what was asked, what was answered and what became of it. */
import { useEffect } from 'preact/hooks';
import { getRows, rowsFilePath, type LogSlice, type LoggedRow } from '../api/monitors';
import { count, eventTime, inline } from '../format';
import { useRead } from '../query';
import { Empty, Section, Shown } from './basics';
import { Table, type TableColumn } from './table';

const rowsMax = 100;

/** Columns that the condition names come first. */
function columnsOf(rows: readonly LoggedRow[], where: string): TableColumn<LoggedRow>[] {
  const names = (of: (row: LoggedRow) => Record<string, unknown>) => [...new Set(rows.flatMap((row) => Object.keys(of(row))))];
  const named = (prefix: string, name: string) => where.includes(`${prefix}${name}`);
  const column = (kind: 'inputs' | 'outputs', name: string): TableColumn<LoggedRow> => ({
    id: `${kind}.${name}`,
    label: name,
    number: rows.some((row) => typeof row[kind][name] === 'number'),
    cell: (row) => (row[kind][name] === undefined || row[kind][name] === null ? <span class="muted">missing</span> : inline(row[kind][name])),
  });
  const inputs = names((row) => row.inputs).sort((a, b) => Number(named('input_', b)) - Number(named('input_', a)));
  return [
    { id: 'time', label: 'Happened', cell: (row) => <span class="figures">{eventTime(row.event_time_ms)}</span> },
    { id: 'id', label: 'Prediction', cell: (row) => <code>{row.id}</code> },
    ...names((row) => row.outputs).map((name) => column('outputs', name)),
    { id: 'outcome', label: 'Outcome', number: true, cell: (row) => (row.outcome === undefined ? <span class="muted">not known</span> : inline(row.outcome)) },
    ...inputs.map((name) => column('inputs', name)),
  ];
}

export function LoggedRows(props: { log: string; slice: LogSlice; title: string; asSlice: string; close: () => void }) {
  const { log, slice } = props;
  // The link may be far below or above.
  const asked = JSON.stringify(slice);
  useEffect(() => document.getElementById('rows')?.scrollIntoView({ block: 'nearest' }), [asked]);
  const rows = useRead(`rows:${log}:${asked}`, (signal) => getRows(log, slice, rowsMax, signal));
  return (
    <Section
      title="Rows"
      id="rows"
      note={props.title}
      tools={
        <>
          <a class="button" href={props.asSlice}>
            Show all of this slice
          </a>
          <a class="button" href={rowsFilePath(log, slice, 'csv')} download={`${log}-rows.csv`}>
            CSV
          </a>
          <button type="button" onClick={props.close}>
            Close
          </button>
        </>
      }
      flush
    >
      <p class="note-line">
        <code>{slice.where === '' ? 'all' : slice.where}</code>
      </p>
      <Shown read={rows}>
        {(list) =>
          list.length === 0 ? (
            <Empty title="No such row.">The log keeps rows for so long only as the server was told.</Empty>
          ) : (
            <>
              <Table label="Rows" rows={list} rowKey={(row) => row.id} height="420px" columns={columnsOf(list, slice.where)} />
              {list.length === rowsMax && <p class="note-line muted">The newest {count(rowsMax)} of them.</p>}
            </>
          )
        }
      </Shown>
    </Section>
  );
}

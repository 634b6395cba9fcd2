/** Choosing columns among thousands: the server searches, the most common are listed first. */
import { useState } from 'preact/hooks';
import { listRunColumns, type ColumnName, type KnownColumns } from '../api/tracking';
import { parseColumn } from '../filter';
import { grouped } from '../format';
import { useRead } from '../query';
import { setQuery } from '../router';
import { withColumn } from '../runs-view';
import { Chip } from './basics';

const listed = 200;

export function ColumnChooser(props: {
  experiment_ids: readonly string[];
  available: KnownColumns;
  chosen: readonly ColumnName[];
  /** As they stand in the URL; undefined while they are the usual ones. */
  entries: readonly string[] | undefined;
  pinned: readonly ColumnName[];
}) {
  const [wanted, setWanted] = useState('');
  const search = (contains: string, max_results: number, signal?: AbortSignal) =>
    listRunColumns({ experiment_ids: props.experiment_ids, ...(contains ? { contains } : {}), max_results }, signal);
  const found = useRead(wanted ? `columns:${props.experiment_ids.join()}:${wanted}` : null, (signal) => search(wanted, listed, signal));
  const { columns, more } = wanted ? (found.data ?? { columns: [], more: false }) : props.available;
  const chosen = new Set(props.chosen);
  const entries = props.entries ?? props.chosen;
  // Nothing at all is a choice too.
  const set = (next: readonly string[]) => setQuery({ columns: next.join(',') || ',' }, { replace: true });
  const toggle = (column: ColumnName) => set(withColumn(entries, column, !chosen.has(column)));
  const pin = (column: ColumnName) => {
    const next = props.pinned.includes(column) ? props.pinned.filter((each) => each !== column) : [...props.pinned, column];
    setQuery({ pin: next.join(','), columns: withColumn(entries, column, true).join(',') }, { replace: true });
  };
  const addAll = () => set([...new Set([...entries.filter((entry) => !entry.startsWith('!')), `*${wanted}*`])]);
  // Those chosen stand first, so that what is shown can be seen and taken away.
  const list = wanted ? columns : [...props.chosen, ...columns.filter((column) => !chosen.has(column))];
  return (
    <details class="menu">
      <summary class="button">
        Columns <span class="amount">{grouped(props.chosen.length)}</span>
      </summary>
      <div class="menu-body wide">
        <input type="search" placeholder="Part of a metric, param or tag" aria-label="Find a column" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        {found.error && <p class="bad-text">{found.error.message}</p>}
        <ul>
          {list.slice(0, listed).map((column) => {
            const { kind, key } = parseColumn(column);
            return (
              <li key={column} class="column-line">
                <label title={column}>
                  <input type="checkbox" checked={chosen.has(column)} onChange={() => toggle(column)} />
                  <span>{key}</span>
                  <Chip>{kind.slice(0, -1)}</Chip>
                </label>
                <button type="button" class="plain small" aria-pressed={props.pinned.includes(column)} aria-label={`Pin ${column}`} title="Keep in sight while scrolling sideways" onClick={() => pin(column)}>
                  {props.pinned.includes(column) ? '◆' : '◇'}
                </button>
              </li>
            );
          })}
        </ul>
        {(more || list.length > listed) && <p class="note">There are more: search for them.</p>}
        <div class="menu-actions">
          <button type="button" class="plain" disabled={columns.length === 0} onClick={addAll}>
            Add all{wanted ? ' that match' : ''}
          </button>
          <button type="button" class="plain" onClick={() => setQuery({ columns: undefined, pin: undefined }, { replace: true })}>
            Back to the usual columns
          </button>
        </div>
      </div>
    </details>
  );
}

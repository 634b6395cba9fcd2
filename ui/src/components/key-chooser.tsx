/** Choosing one or several columns for a chart, with a search on the server. */
import { useState } from 'preact/hooks';
import { listRunColumns, type ColumnName } from '../api/tracking';
import { parseColumn } from '../filter';
import { useRead } from '../query';
import { Chip } from './basics';

const listed = 200;

export function KeyChooser(props: {
  label: string;
  experiment_ids: readonly string[];
  chosen: readonly ColumnName[];
  onChange: (chosen: ColumnName[]) => void;
  /** Takes one only. */
  single?: boolean;
  only?: 'metrics' | 'params';
  most?: number;
}) {
  const [wanted, setWanted] = useState('');
  const found = useRead(`columns:${props.experiment_ids.join()}:${wanted}:chart:${props.only ?? ''}`, (signal) =>
    listRunColumns({ experiment_ids: props.experiment_ids, ...(wanted ? { contains: wanted } : {}), max_results: 1_000, ...(props.only ? { kinds: [props.only] } : {}) }, signal),
  );
  const columns = found.data?.columns ?? [];
  const rest = columns.filter((column) => !props.chosen.includes(column));
  const toggle = (column: ColumnName) => {
    if (props.single) return props.onChange([column]);
    props.onChange(props.chosen.includes(column) ? props.chosen.filter((each) => each !== column) : [...props.chosen, column].slice(-(props.most ?? 100)));
  };
  const said = props.single ? (props.chosen[0] ? parseColumn(props.chosen[0]).key : 'choose') : String(props.chosen.length);
  return (
    <details class="menu left">
      <summary class="button" aria-label={`${props.label}: ${props.single ? said : `${said} chosen`}`}>
        <span class="muted">{props.label}</span> <span class="clip">{said}</span>
      </summary>
      <div class="menu-body wide">
        <input type="search" placeholder="Find a column" aria-label={`Find a column for ${props.label}`} value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        {found.error && <p class="bad-text">{found.error.message}</p>}
        <ul>
          {[...(wanted ? [] : props.chosen), ...(wanted ? columns : rest)].slice(0, listed).map((column) => {
            const { kind, key } = parseColumn(column);
            return (
              <li key={column}>
                <label title={column}>
                  <input type={props.single ? 'radio' : 'checkbox'} checked={props.chosen.includes(column)} onChange={() => toggle(column)} />
                  <span>{key}</span>
                  {!props.only && <Chip>{kind.replace(/s$/, '')}</Chip>}
                </label>
              </li>
            );
          })}
        </ul>
      </div>
    </details>
  );
}

/** Choosing experiments by name; the server searches. */
import { useState } from 'preact/hooks';
import { searchExperimentPage } from '../api/experiments';
import { getExperiment } from '../api/mlflow';
import { quoteText } from '../filter';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { setQuery } from '../router';

const listed = 100;

export function ExperimentChooser(props: { chosen: readonly string[] }) {
  const { chosen } = props;
  const [wanted, setWanted] = useState('');
  const found = useRead(
    `experiments:chooser:${wanted}`,
    (signal) => searchExperimentPage({ ...(wanted ? { filter: `name ILIKE ${quoteText(`%${wanted}%`)}` } : {}), order_by: ['last_update_time DESC'], max_results: listed }, signal),
    { on: nouns.run },
  );
  const first = useRead(chosen[0] ? `experiment:${chosen[0]}` : null, (signal) => getExperiment(chosen[0]!, signal), { on: nouns.run });
  const set = (ids: readonly string[]) => setQuery({ experiment: ids.join(','), selected: undefined, columns: undefined, pin: undefined, sort: undefined, group: undefined });
  const name = chosen.length === 0 ? 'All experiments' : (first.data?.name ?? `experiment ${chosen[0]}`) + (chosen.length > 1 ? ` and ${chosen.length - 1} more` : '');
  return (
    <details class="menu left">
      <summary class="button" aria-label={`Experiments: ${name}`}>
        <span class="clip">{name}</span> ▾
      </summary>
      <div class="menu-body wide">
        <input type="search" placeholder="Find an experiment" aria-label="Find an experiment" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        {found.error && <p class="bad-text">{found.error.message}</p>}
        <ul>
          <li>
            <label>
              <input type="checkbox" checked={chosen.length === 0} onChange={() => set([])} />
              <span>All experiments</span>
            </label>
          </li>
          {(found.data?.experiments ?? []).map((each) => (
            <li key={each.experiment_id}>
              <label title={each.name}>
                <input
                  type="checkbox"
                  checked={chosen.includes(each.experiment_id)}
                  onChange={() => set(chosen.includes(each.experiment_id) ? chosen.filter((id) => id !== each.experiment_id) : [...chosen, each.experiment_id])}
                />
                <span>{each.name}</span>
              </label>
            </li>
          ))}
        </ul>
        {found.data?.next_page_token && <p class="note">The {listed} changed last are listed; search for others.</p>}
      </div>
    </details>
  );
}

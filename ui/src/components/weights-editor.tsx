/** Who answers which share of the requests: sliders for mouse and keyboard, and the split as it is. */
import { useState } from 'preact/hooks';
import { setWeights, type Endpoint, type Revision } from '../api/endpoints';
import { moveWeight, slotsOf, type Weights } from '../weights';
import { Badge } from './basics';
import { Dialog } from './dialog';

export function WeightsEditor(props: { endpoint: Endpoint; reload: () => void }) {
  const { endpoint } = props;
  const answering = endpoint.revisions.filter((each) => each.role === 'live' || each.role === 'canary');
  const stored: Weights = Object.fromEntries(answering.map((each) => [each.model_version, each.weight]));
  const [dragged, setDragged] = useState<Weights>();
  const [asking, setAsking] = useState(false);
  // What was dragged is over when other versions answer than before.
  const same = dragged && answering.length === Object.keys(dragged).length && answering.every((each) => each.model_version in dragged);
  const weights = same ? dragged : stored;
  const changed = answering.filter((each) => weights[each.model_version] !== each.weight);
  const moved = changed.reduce((sum, each) => sum + Math.max(0, weights[each.model_version]! - each.weight), 0);
  const alone = answering.length < 2;

  return (
    <div class="weights">
      <Split revisions={answering} />
      {answering.map((each, index) => (
        <label key={each.id} class="weight-row">
          <span class="weight-name">
            <span class={`slot-mark series-${index % 6}`} aria-hidden="true" />v{each.model_version} <Badge state={each.role} />
          </span>
          <input
            type="range"
            min={0}
            max={100}
            step={1}
            disabled={alone || endpoint.promoting !== undefined}
            value={weights[each.model_version]}
            aria-label={`Share of version ${each.model_version} in percent`}
            aria-valuetext={`${weights[each.model_version]} percent`}
            onInput={(event) => setDragged(moveWeight(weights, each.model_version, Number(event.currentTarget.value)))}
          />
          <input
            type="number"
            min={0}
            max={100}
            disabled={alone || endpoint.promoting !== undefined}
            value={weights[each.model_version]}
            aria-label={`Percent of version ${each.model_version}`}
            onInput={(event) => event.currentTarget.value !== '' && setDragged(moveWeight(weights, each.model_version, Number(event.currentTarget.value)))}
          />
          <span aria-hidden="true">%</span>
        </label>
      ))}
      {alone ? (
        <p class="muted">One version answers everything. A canary shares: millwright endpoints canary {endpoint.name} --version N --weight 10</p>
      ) : (
        <div class="row">
          <button type="button" class="primary" disabled={changed.length === 0} onClick={() => setAsking(true)}>
            Set shares…
          </button>
          <button type="button" disabled={changed.length === 0} onClick={() => setDragged(undefined)}>
            As they are
          </button>
          {changed.length > 0 && <span class="muted" aria-live="polite">{moved} % of the requests would change side</span>}
        </div>
      )}
      <p class="muted">{stickyText(endpoint.policy.sticky_by)}</p>
      {asking && (
        <Dialog
          title={`Set the shares of ${endpoint.name}`}
          action="Set"
          act={async () => {
            await setWeights(endpoint.name, weights);
            setDragged(undefined);
            props.reload();
          }}
          close={() => setAsking(false)}
        >
          <ul class="plain-list">
            {answering.map((each) => (
              <li key={each.id}>
                v{each.model_version}: {each.weight} % → <b>{weights[each.model_version]} %</b>
              </li>
            ))}
          </ul>
          <p class="muted">{moved} % of the requests change side; all others stay with their version.</p>
        </Dialog>
      )}
    </div>
  );
}

function stickyText(sticky_by: string): string {
  const [from, name] = sticky_by.split(':');
  if (from === 'header') return `Requests with the same header ${name} stay on one version.`;
  if (from === 'input') return `Requests with the same input ${name} stay on one version.`;
  return 'Requests with the same id stay on one version; others fall by chance.';
}

/** The 100 slots into which requests fall, each in the colour of its owner. */
function Split(props: { revisions: readonly Revision[] }) {
  const owners = new Array<number>(100).fill(-1);
  props.revisions.forEach((revision, index) => slotsOf(revision.slots).forEach((slot) => (owners[slot] = index)));
  const said = props.revisions.map((each) => `v${each.model_version} ${each.weight} %`).join(', ');
  return (
    <div class="split" role="img" aria-label={`Split of the requests: ${said}`}>
      {owners.map((owner, slot) => (
        <span key={slot} class={owner < 0 ? undefined : `series-${owner % 6}`} />
      ))}
    </div>
  );
}

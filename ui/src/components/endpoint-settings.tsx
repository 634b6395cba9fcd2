/** An endpoint's settings with what they have done so far, and a form that changes them. */
import { useState } from 'preact/hooks';
import { configure, type Endpoint, type Policy } from '../api/endpoints';
import { bytes, count, duration } from '../format';
import { Facts } from './basics';
import { Dialog } from './dialog';

interface Field {
  key: keyof Policy;
  label: string;
  help: string;
}

const groups: { title: string; fields: Field[] }[] = [
  {
    title: 'Who answers',
    fields: [
      { key: 'sticky_by', label: 'Sticky by', help: 'header:NAME or input:NAME; empty for the id of the prediction' },
      { key: 'hedge_percent', label: 'Hedged, % of requests', help: 'late ones may be asked of a second replica' },
      { key: 'eject_errors', label: 'Failures in a row that eject', help: '0: never' },
      { key: 'eject_slowness', label: 'Times slower that ejects', help: '0: never' },
    ],
  },
  {
    title: 'Cache',
    fields: [
      { key: 'cache_ttl_ms', label: 'Answers are kept, ms', help: '0: no cache' },
      { key: 'cache_bytes', label: 'Memory, bytes', help: 'the least used make room' },
    ],
  },
  {
    title: 'Limits',
    fields: [
      { key: 'requests_per_s', label: 'Requests a second of a caller', help: 'each token for itself; 0: as many as come' },
      { key: 'burst', label: 'At once', help: '0: as many as a second' },
      { key: 'rows_per_day', label: 'Rows a day of a caller', help: 'each token for itself; 0: as many as come' },
      { key: 'request_bytes', label: 'Largest request, bytes', help: "0: the server's limit" },
      { key: 'response_bytes', label: 'Largest answer, bytes', help: '0: any' },
    ],
  },
  {
    title: 'Replicas',
    fields: [
      { key: 'replicas_min', label: 'At least', help: '0: none while nobody asks' },
      { key: 'replicas_max', label: 'At most', help: '0: their number is fixed' },
      { key: 'replica_concurrency', label: 'Requests for each', help: 'at work at a time' },
      { key: 'quiet_ms', label: 'Fewer after, ms', help: 'that fewer have sufficed' },
    ],
  },
];

export function EndpointSettings(props: { endpoint: Endpoint; reload: () => void }) {
  const [editing, setEditing] = useState(false);
  const { policy, cache, hedges, limits, held } = props.endpoint;
  const asked = cache.hits + cache.misses;
  return (
    <>
      <Facts
        items={[
          ['Cache', policy.cache_ttl_ms === 0 ? 'off' : `${duration(policy.cache_ttl_ms)}, ${bytes(policy.cache_bytes)} at most`],
          asked > 0 && ['Out of the cache', `${count(cache.hits)} of ${count(asked)} · ${count(cache.entries)} kept, ${bytes(cache.bytes)}`],
          ['Requests a caller', policy.requests_per_s === 0 ? 'as many as come' : `${policy.requests_per_s} a second`],
          ['Rows a caller', policy.rows_per_day === 0 ? 'as many as come' : `${count(policy.rows_per_day)} a day`],
          ['Sizes', sizes(policy)],
          ['Refused', `${count(limits.refused)} over limits, ${count(limits.too_large)} too large`],
          ['Hedged', policy.hedge_percent === 0 ? 'off' : `${count(hedges.sent)} asked twice, ${count(hedges.won)} won · up to ${policy.hedge_percent} %`],
          ['Replicas', scaling(policy)],
          held > 0 && ['Waiting', `${count(held)} for a replica`],
          ...limits.callers.map((each) => [each.caller, `${count(each.rows_today)} rows today, ${count(each.refused)} refused`] as const),
        ]}
      />
      <div class="row">
        <button type="button" onClick={() => setEditing(true)}>
          Change settings…
        </button>
      </div>
      {editing && <SettingsDialog endpoint={props.endpoint} reload={props.reload} close={() => setEditing(false)} />}
    </>
  );
}

function sizes(policy: Policy): string {
  const limits = [
    ...(policy.request_bytes > 0 ? [`requests ${bytes(policy.request_bytes)}`] : []),
    ...(policy.response_bytes > 0 ? [`answers ${bytes(policy.response_bytes)}`] : []),
  ];
  return limits.length === 0 ? 'any' : `${limits.join(', ')} at most`;
}

function scaling(policy: Policy): string {
  if (policy.replicas_max === 0) return 'fixed';
  return `${policy.replicas_min} to ${policy.replicas_max}, one for ${policy.replica_concurrency} requests`;
}

function SettingsDialog(props: { endpoint: Endpoint; reload: () => void; close: () => void }) {
  const { name, policy } = props.endpoint;
  const [typed, setTyped] = useState<Partial<Record<keyof Policy, string>>>({});
  const changed = (Object.keys(typed) as (keyof Policy)[]).filter((key) => typed[key] !== String(policy[key]));
  const settings = Object.fromEntries(changed.map((key) => [key, key === 'sticky_by' ? typed[key] : Number(typed[key])])) as Partial<Policy>;
  return (
    <Dialog
      title={`Settings of ${name}`}
      action={changed.length === 0 ? 'Close' : `Change ${changed.length}`}
      act={async () => {
        if (changed.length > 0) await configure(name, settings);
        props.reload();
      }}
      close={props.close}
    >
      <div class="settings">
        {groups.map((group) => (
          <fieldset key={group.title}>
            <legend>{group.title}</legend>
            {group.fields.map((field) => (
              <label key={field.key} class="ask-field">
                <span>
                  {field.label} <small class="muted">{field.help}</small>
                </span>
                <input
                  name={field.key}
                  type={field.key === 'sticky_by' ? 'text' : 'number'}
                  min={0}
                  step="any"
                  required={field.key !== 'sticky_by'}
                  spellcheck={false}
                  value={typed[field.key] ?? String(policy[field.key])}
                  onInput={(event) => setTyped({ ...typed, [field.key]: event.currentTarget.value })}
                />
              </label>
            ))}
          </fieldset>
        ))}
      </div>
    </Dialog>
  );
}

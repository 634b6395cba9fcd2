/** Moving aliases and stages from the page: what the gates say is seen before it is done. */
import { useState } from 'preact/hooks';
import { approve, moveModel, rollBack, testGate, withdrawApproval, type Approval, type Gate, type Target } from '../api/models';
import { Badge, Shown } from '../components/basics';
import { Dialog, TextDialog } from '../components/dialog';
import { useRead } from '../query';

const stages = ['None', 'Staging', 'Production', 'Archived'] as const;

export function Gates(props: { gates: readonly Gate[] }) {
  return (
    <ul class="checks">
      {props.gates.map((each) => (
        <li key={`${each.gate_name ?? ''} ${each.gate}`}>
          <Badge state={each.passed ? 'passed' : 'failed'} />
          <div>
            <strong>{each.gate_name ? `${each.gate_name}: ${each.gate}` : each.gate}</strong> <span>{each.reason}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}

function Reason(props: { value: string; required: boolean; onChange: (text: string) => void }) {
  return (
    <label class="ask-field">
      <span>Why, for the history</span>
      <input required={props.required} maxLength={2000} value={props.value} onInput={(event) => props.onChange(event.currentTarget.value)} />
    </label>
  );
}

/** Offered only where a gate refuses. */
function Overrule(props: { value: boolean; onChange: (value: boolean) => void }) {
  return (
    <label class="ask-check">
      <input type="checkbox" checked={props.value} onChange={(event) => props.onChange(event.currentTarget.checked)} />
      <span>Overrule the gate (needs the role manager)</span>
    </label>
  );
}

export function PromoteDialog(props: { name: string; version: string; close: () => void }) {
  const [place, setPlace] = useState('alias');
  const [alias, setAlias] = useState('champion');
  const [reason, setReason] = useState('');
  const [overrule, setOverrule] = useState(false);
  const target: Target = place === 'alias' ? { alias: alias.trim() } : { stage: place };
  const asked = place !== 'alias' || alias.trim() !== '';
  const judged = useRead(asked ? `gate:${props.name}:${props.version}:${target.alias ?? ''}:${target.stage ?? ''}` : null, (signal) =>
    testGate(props.name, props.version, target, signal),
  );
  const refused = judged.data?.passed === false;
  return (
    <Dialog
      title={`Promote v${props.version}`}
      action={refused && overrule ? 'Overrule and move' : 'Move'}
      danger={refused && overrule}
      act={() => moveModel(props.name, props.version, target, reason.trim(), refused && overrule)}
      close={props.close}
    >
      <label class="ask-field">
        <span>To</span>
        <select value={place} onChange={(event) => setPlace(event.currentTarget.value)}>
          <option value="alias">an alias</option>
          {stages.map((stage) => (
            <option key={stage} value={stage}>
              stage {stage}
            </option>
          ))}
        </select>
      </label>
      {place === 'alias' && (
        <label class="ask-field">
          <span>Alias</span>
          <input autofocus required spellcheck={false} value={alias} onInput={(event) => setAlias(event.currentTarget.value)} />
        </label>
      )}
      <Shown read={judged} rows={2}>
        {(result) => (result.gates.length === 0 ? <p class="muted">No gate stands in the way.</p> : <Gates gates={result.gates} />)}
      </Shown>
      {refused && <Overrule value={overrule} onChange={setOverrule} />}
      <Reason value={reason} required={refused && overrule} onChange={setReason} />
    </Dialog>
  );
}

export function RollBackDialog(props: { name: string; alias: string; from: string; close: () => void }) {
  const [reason, setReason] = useState('');
  const [overrule, setOverrule] = useState(false);
  return (
    <Dialog
      title={`Roll ${props.alias} back`}
      action={overrule ? 'Overrule and roll back' : 'Roll back'}
      danger
      act={() => rollBack(props.name, props.alias, props.from, reason.trim(), overrule)}
      close={props.close}
    >
      <p>
        {props.alias} names v{props.from} and will name the version before it again.
      </p>
      <Overrule value={overrule} onChange={setOverrule} />
      <Reason value={reason} required={overrule} onChange={setReason} />
    </Dialog>
  );
}

/** What the gates before `alias` say now, with a button where they ask for approvals. */
export function GatesNow(props: { name: string; version: string; alias: string; approvals: readonly Approval[]; on: readonly string[]; changed: () => void }) {
  const [approving, setApproving] = useState<string | undefined>();
  const [error, setError] = useState<Error | undefined>();
  const judged = useRead(`gates-now:${props.name}:${props.version}:${props.alias}`, (signal) => testGate(props.name, props.version, { alias: props.alias }, signal), {
    on: props.on,
  });
  const changed = () => {
    judged.reload();
    props.changed();
  };
  const withdraw = (gate: string) => withdrawApproval(props.name, props.version, gate).then(changed, setError);
  return (
    <Shown read={judged} rows={2}>
      {(result) => (
        <>
          {result.gates.length === 0 ? <p class="muted padded">Nothing is asked of a version that becomes {props.alias}.</p> : <Gates gates={result.gates} />}
          {result.gates
            .filter((each) => each.gate === 'approvals')
            .map((each) => (
              <div key={each.gate_name} class="approvals">
                {props.approvals
                  .filter((approval) => approval.gate === (each.gate_name ?? ''))
                  .map((approval) => (
                    <p key={approval.who}>
                      Approved by <strong>{approval.who}</strong>
                      {approval.reason && `: ${approval.reason}`}
                    </p>
                  ))}
                <button type="button" onClick={() => setApproving(each.gate_name ?? '')}>
                  Approve{each.gate_name ? ` for ${each.gate_name}` : ''}
                </button>{' '}
                <button type="button" class="plain" onClick={() => void withdraw(each.gate_name ?? '')}>
                  Withdraw mine
                </button>
              </div>
            ))}
          {error && (
            <p class="bad-text padded" role="alert">
              {error.message}
            </p>
          )}
          {approving !== undefined && (
            <TextDialog
              title={`Approve v${props.version}`}
              label="Why, for the history"
              value=""
              action="Approve"
              act={(reason) => approve(props.name, props.version, approving, reason).then(changed)}
              close={() => setApproving(undefined)}
            />
          )}
        </>
      )}
    </Shown>
  );
}

/** How a check of a suite fared before, what people say of it, and the changes that they propose. */
import { useState } from 'preact/hooks';
import { commentOn, decide, propose, type Change, type CheckHistory, type CheckPoint, type SuiteComment, type SuiteProposal } from '../api/validations';
import { inline, percent } from '../format';
import { Badge, When } from './basics';
import { Dialog } from './dialog';

const pointsShown = 30;
const barTall = 22;
const nameKey = 'millwright-reviewer';

/** On a server that asks nobody who they are, people say their name once. */
const keptName = () => localStorage.getItem(nameKey) ?? '';

function useName() {
  const [name, setName] = useState(keptName);
  return [
    name,
    (text: string) => {
      localStorage.setItem(nameKey, text);
      setName(text);
    },
  ] as const;
}

function NameField(props: { verified: boolean; value: string; onChange: (text: string) => void }) {
  if (props.verified) return null;
  return (
    <label class="ask-field">
      <span>Your name</span>
      <input required maxLength={100} value={props.value} onInput={(event) => props.onChange(event.currentTarget.value)} />
    </label>
  );
}

function pointText(point: CheckPoint): string {
  const measured = point.unexpected_share !== undefined ? `, ${percent(point.unexpected_share)} unexpected` : point.observed !== undefined ? `, observed ${inline(point.observed)}` : '';
  return `@${point.version}: ${point.standing.replace('_', ' ')}${measured}`;
}

/** A bar a validation, as high as the share that was unexpected; one that measures no share is whole or a stub. */
export function HistoryBars(props: { history: CheckHistory | undefined; validation_id: string }) {
  const points = (props.history?.points ?? []).slice(-pointsShown);
  if (points.length < 2) return null;
  const top = Math.max(...points.map((each) => each.unexpected_share ?? 0), 1e-12);
  const met = points.filter((each) => each.standing === 'met').length;
  const tall = (each: CheckPoint) => (each.unexpected_share === undefined ? (each.standing === 'met' ? 3 : barTall) : 3 + (each.unexpected_share / top) * (barTall - 3));
  return (
    <p class="check-history">
      <svg width={points.length * 8} height={barTall} role="img" aria-label={`The last ${points.length} validations: met ${met} times`}>
        {points.map((each, i) => (
          <rect key={each.validation_id} class={each.validation_id === props.validation_id ? each.standing : `${each.standing} other`} x={i * 8} y={barTall - tall(each)} width="6" height={tall(each)}>
            <title>{pointText(each)}</title>
          </rect>
        ))}
      </svg>
      <span class="muted">
        met {met} of the last {points.length} times
      </span>
    </p>
  );
}

export interface ReviewProps {
  suite: string;
  expectation: string;
  kwargs: Record<string, unknown>;
  validation_id: string;
  verified: boolean;
  comments: readonly SuiteComment[];
  proposals: readonly SuiteProposal[];
  changed: () => void;
}

export function CheckReview(props: ReviewProps) {
  const [asking, setAsking] = useState<'comment' | 'wrong' | undefined>();
  const [deciding, setDeciding] = useState<{ proposal: SuiteProposal; verb: 'accept' | 'reject' } | undefined>();
  const close = () => {
    setAsking(undefined);
    setDeciding(undefined);
    props.changed();
  };
  return (
    <div class="check-review">
      {(props.proposals.length > 0 || props.comments.length > 0) && (
        <ul>
          {props.proposals.map((each) => (
            <li key={each.id} class="proposal">
              <Badge state={each.state} label={each.state === 'open' ? 'proposed' : each.state} /> <b>{each.who}</b> holds this to be wrong: <b class="figures">{each.words}</b>
              <span class="muted">
                {' '}
                <When ms={each.created_ms} />
              </span>
              <p>{each.reason}</p>
              {each.state === 'open' ? (
                <p class="proposal-tools">
                  <button type="button" onClick={() => setDeciding({ proposal: each, verb: 'accept' })}>
                    Accept
                  </button>
                  <button type="button" onClick={() => setDeciding({ proposal: each, verb: 'reject' })}>
                    Reject
                  </button>
                </p>
              ) : (
                <p class="muted">
                  {each.state} by {each.decided_by}
                  {each.result_version ? `, suite version ${each.result_version}` : ''}
                  {each.decision ? `: ${each.decision}` : ''}
                </p>
              )}
            </li>
          ))}
          {props.comments.map((each) => (
            <li key={each.id}>
              <b>{each.who}</b>{' '}
              <span class="muted">
                <When ms={each.created_ms} />
              </span>
              <p>{each.text}</p>
            </li>
          ))}
        </ul>
      )}
      <p class="review-tools">
        <button type="button" class="link" onClick={() => setAsking('comment')}>
          Comment
        </button>
        <button type="button" class="link" onClick={() => setAsking('wrong')}>
          Mark as wrong
        </button>
      </p>
      {asking === 'comment' && <CommentDialog {...props} close={close} />}
      {asking === 'wrong' && <WrongDialog {...props} close={close} />}
      {deciding && <DecideDialog {...deciding} verified={props.verified} close={close} />}
    </div>
  );
}

function CommentDialog(props: ReviewProps & { close: () => void }) {
  const [text, setText] = useState('');
  const [name, setName] = useName();
  const act = () => commentOn(props.suite, { expectation: props.expectation, text, validation_id: props.validation_id, name: props.verified ? '' : name });
  return (
    <Dialog title={`Comment on ${props.expectation}`} action="Comment" act={act} close={props.close}>
      <NameField verified={props.verified} value={name} onChange={setName} />
      <label class="ask-field">
        <span>Comment</span>
        <textarea required rows={4} maxLength={4000} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
    </Dialog>
  );
}

/** Longer lists are changed in the suite itself. */
const listTextMax = 2000;

/** What may be set: the numbers, texts and short lists that the check has, and how many values it must hold for. */
function settable(kwargs: Record<string, unknown>): [string, string][] {
  const fields: [string, string][] = [];
  for (const [name, value] of Object.entries(kwargs)) {
    if (/^column/.test(name) || name === 'mostly' || value === null) continue;
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    if (text.length <= listTextMax) fields.push([name, text]);
  }
  const mostly = kwargs['mostly'];
  return [...fields, ['mostly', mostly === undefined || mostly === null ? '1' : String(mostly)]];
}

/** The text of a field as the kind of value that stands there; nothing takes it away. */
function valueOf(text: string, before: unknown): unknown {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (typeof before === 'string') return trimmed;
  try {
    return JSON.parse(trimmed);
  } catch {
    if (typeof before === 'object' && before !== null) throw new Error(`This is no JSON: ${trimmed.slice(0, 60)}`);
    return trimmed;
  }
}

/** The change that the fields of the dialog say; undefined where they say what is there already. */
export function changeOf(kwargs: Record<string, unknown>, fields: Record<string, string>): Change | undefined {
  const set: Record<string, unknown> = {};
  for (const [name, first] of settable(kwargs)) {
    const text = fields[name] ?? first;
    if (text.trim() !== first) set[name] = valueOf(text, kwargs[name]);
  }
  return Object.keys(set).length > 0 ? { set } : undefined;
}

function WrongDialog(props: ReviewProps & { close: () => void }) {
  const [what, setWhat] = useState<'set' | 'remove'>('set');
  const [fields, setFields] = useState<Record<string, string>>({});
  const [reason, setReason] = useState('');
  const [name, setName] = useName();
  const act = async () => {
    const change = what === 'remove' ? ({ remove: true } as const) : changeOf(props.kwargs, fields);
    if (!change) throw new Error('Change a value, or propose to remove the check.');
    await propose(props.suite, { expectation: props.expectation, change, reason, validation_id: props.validation_id, name: props.verified ? '' : name });
  };
  return (
    <Dialog title={`${props.expectation} is wrong`} action="Propose" act={act} close={props.close}>
      <NameField verified={props.verified} value={name} onChange={setName} />
      <label class="ask-field">
        <span>What should become of it</span>
        <select value={what} onChange={(event) => setWhat(event.currentTarget.value as 'set' | 'remove')}>
          <option value="set">It should say something else</option>
          <option value="remove">It should go</option>
        </select>
      </label>
      {what === 'set' &&
        settable(props.kwargs).map(([field, first]) => (
          <label key={field} class="ask-field">
            <span>{field.replace(/_/g, ' ')}</span>
            <input value={fields[field] ?? first} onInput={(event) => setFields({ ...fields, [field]: event.currentTarget.value })} />
          </label>
        ))}
      <label class="ask-field">
        <span>Why it is wrong</span>
        <textarea required rows={3} maxLength={4000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
    </Dialog>
  );
}

export function DecideDialog(props: { proposal: SuiteProposal; verb: 'accept' | 'reject'; verified: boolean; close: () => void }) {
  const [reason, setReason] = useState('');
  const [name, setName] = useName();
  const accepts = props.verb === 'accept';
  return (
    <Dialog
      title={`${accepts ? 'Accept' : 'Reject'}: ${props.proposal.words}`}
      action={accepts ? 'Accept' : 'Reject'}
      danger={!accepts}
      act={() => decide(props.proposal.id, props.verb, reason, props.verified ? '' : name)}
      close={props.close}
    >
      {accepts && <p>The suite gets another version, with {props.proposal.who} as who proposed it.</p>}
      <NameField verified={props.verified} value={name} onChange={setName} />
      <label class="ask-field">
        <span>Why, for the history</span>
        <textarea required={!accepts} rows={3} maxLength={4000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
    </Dialog>
  );
}

/** A form with a field for each input of the signature, filled from a real prediction. */
import { useState } from 'preact/hooks';
import { getModelMetadata, score, type Endpoint, type Value } from '../api/endpoints';
import { duration, inline } from '../format';
import { useRead } from '../query';
import { curlLine, parseField, readRow, scoringRequest, toFill, wanted, type Protocol } from '../try-it';
import { Choice, Command, Empty, Failure } from './basics';

/** Nobody types more fields than this one by one. */
const manyInputs = 24;

interface Answer {
  body?: unknown;
  error?: Error;
  took_ms: number;
}

export function TryIt(props: { endpoint: Endpoint; example?: Record<string, Value> }) {
  const inputs = props.endpoint.signature?.inputs ?? [];
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [protocol, setProtocol] = useState<Protocol>('invocations');
  const [answer, setAnswer] = useState<Answer>();
  const [asking, setAsking] = useState(false);
  const [unread, setUnread] = useState('');
  // Live traffic must not change the form under the reader's hands: the first example stays.
  const [example, setExample] = useState(props.example);
  if (!example && props.example) setExample(props.example);

  const textOf = (name: string) => typed[name] ?? (example?.[name] === undefined || example[name] === null ? '' : exactly(example[name]));
  const values: Record<string, Value> = {};
  const wrong = inputs.filter((spec) => {
    const value = parseField(spec, textOf(spec.name));
    if (value === undefined) return true;
    values[spec.name] = value;
    return false;
  });
  const metadata = useRead(protocol === 'v2' ? `metadata:${props.endpoint.name}` : null, (signal) => getModelMetadata(props.endpoint.name, signal));
  const request = scoringRequest(protocol, props.endpoint.name, inputs, values, metadata.data?.inputs);
  const waiting = asking || metadata.loading;

  const takeRow = (text: string) => {
    const row = text.trim() === '' ? {} : readRow(inputs, text);
    setUnread(typeof row === 'string' ? row : '');
    if (typeof row !== 'string') setTyped(row);
  };

  const ask = async (event: Event) => {
    event.preventDefault();
    if (wrong.length > 0 || waiting) return;
    setAsking(true);
    const started = performance.now();
    try {
      const body = await score(request.path, request.body);
      setAnswer({ body, took_ms: performance.now() - started });
    } catch (error) {
      setAnswer({ error: error as Error, took_ms: performance.now() - started });
    } finally {
      setAsking(false);
    }
  };

  if (inputs.length === 0) return <Empty title="This model has no signature, so there is no form." />;
  return (
    <form class="try-it" onSubmit={(event) => void ask(event)}>
      <Choice
        label="Protocol"
        value={protocol}
        options={[
          { value: 'invocations', label: 'MLflow' },
          { value: 'v2', label: 'Open Inference' },
        ]}
        onChange={setProtocol}
      />
      {inputs.length > manyInputs && (
        <label class={unread ? 'field whole-row wrong' : 'field whole-row'}>
          <span>
            A whole row <code>{inputs.length} values</code>
          </span>
          <textarea
            rows={3}
            spellcheck={false}
            placeholder={`0.5, 1, … in the order below, or {"${inputs[0]?.name}": 0.5, …}`}
            aria-invalid={unread !== ''}
            onInput={(event) => takeRow(event.currentTarget.value)}
          />
          {unread && <span role="alert">{unread}</span>}
        </label>
      )}
      <div class={inputs.length > manyInputs ? 'fields many' : 'fields'} tabIndex={inputs.length > manyInputs ? 0 : undefined}>
        {inputs.map((spec) => (
          <label key={spec.name} class={`field${wanted(spec) ? ' many-values' : ''}${wrong.includes(spec) ? ' wrong' : ''}`}>
            <span>
              {spec.name} <code>{spec.type}</code>
              {wanted(spec) && <code> {(spec.shape ?? []).slice(1).map((size) => (size < 0 ? 'any' : size)).join(' × ')}</code>}
            </span>
            <input
              name={spec.name}
              value={textOf(spec.name)}
              spellcheck={false}
              autocomplete="off"
              aria-invalid={wrong.includes(spec)}
              onInput={(event) => setTyped({ ...typed, [spec.name]: event.currentTarget.value })}
            />
          </label>
        ))}
      </div>
      <div class="row">
        <button type="submit" class="primary" disabled={wrong.length > 0 || waiting}>
          Predict
        </button>
        {wrong.length > 0 && <span class="muted">{toFill(wrong)}</span>}
      </div>
      <div aria-live="polite">
        {answer?.error && <Failure error={answer.error} />}
        {answer?.body !== undefined && (
          <div class="answer">
            <output>{headline(answer.body)}</output>
            <span class="muted">in {duration(answer.took_ms)} including the browser</span>
            <pre class="text">{JSON.stringify(answer.body, null, 2)}</pre>
          </div>
        )}
      </div>
      <Command line={curlLine(location.origin, request)} />
    </form>
  );
}

/** A value as it was, unlike elsewhere where it is rounded. */
function exactly(value: Value): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Values of a list that a headline has room for. */
const headlineValues = 6;

function short(value: unknown): string {
  if (Array.isArray(value) && value.length === 1) return short(value[0]);
  if (!Array.isArray(value) || value.length <= headlineValues) return inline(value);
  return `${inline(value.slice(0, headlineValues))}, … (${value.length} values)`;
}

/** The answer to the form's one row in either protocol. */
export function headline(body: unknown): string {
  const answer = body as { predictions?: unknown; outputs?: { name: string; data: unknown[] }[] };
  if (Array.isArray(answer.outputs)) return answer.outputs.map((output) => `${output.name} ${short(output.data)}`).join(' · ');
  const first = Array.isArray(answer.predictions) ? answer.predictions[0] : answer.predictions;
  if (first && typeof first === 'object' && !Array.isArray(first)) {
    return Object.entries(first)
      .map(([key, value]) => `${key} ${short(value)}`)
      .join(' · ');
  }
  return short(first);
}

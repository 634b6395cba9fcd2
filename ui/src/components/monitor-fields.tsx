/** The parts of the form of a monitor: each field with what is wrong with it beside it. */
import { createContext, type ComponentChildren } from 'preact';
import { useContext, useId } from 'preact/hooks';
import type { MonitorPreview } from '../api/monitors';
import { classCosts, emptyDetector, unitCosts, type Cost, type Draft, type DraftDetector } from '../monitor-draft';

const Problems = createContext<Record<string, string>>({});

/** Tells the fields within what is wrong, by their places. */
export function FormOf(props: { problems: Record<string, string>; children: ComponentChildren }) {
  return <Problems.Provider value={props.problems}>{props.children}</Problems.Provider>;
}

/** What is wrong at some place, for groups of fields; nothing where all is right. */
export function ProblemAt(props: { at: string; id?: string }) {
  const problem = useContext(Problems)[props.at];
  if (!problem) return null;
  return (
    <small class="field-problem" id={props.id} role="alert" data-problem={props.at}>
      {problem}
    </small>
  );
}

/** `at` is the field's place in the draft, such as `detectors.0.shift`. */
export function Field(props: { at: string; label: string; help?: string; children: ComponentChildren }) {
  const problem = useContext(Problems)[props.at];
  const id = useId();
  return (
    <label class={problem ? 'ask-field wrong' : 'ask-field'} data-field={props.at} aria-describedby={problem ? id : undefined}>
      <span>
        {props.label} {props.help && <small class="muted">{props.help}</small>}
      </span>
      {props.children}
      <ProblemAt at={props.at} id={id} />
    </label>
  );
}

type Set = (changes: Partial<Draft>) => void;

/** Which features are watched, and each one's own limit. None chosen means all of them. */
export function FeatureFields(props: { all: readonly string[]; draft: Draft; tests: MonitorPreview['tests']; set: Set }) {
  const { all, draft, set } = props;
  const chosen = draft.features;
  const isEvidently = draft.preset === 'evidently';
  const own = isEvidently ? 'test_thresholds' : 'psi_thresholds';
  const watched = (name: string) => chosen.length === 0 || chosen.includes(name);
  const toggle = (name: string) => {
    const next = all.filter((each) => (each === name ? !watched(each) : watched(each)));
    if (next.length > 0) set({ features: next.length === all.length ? [] : next });
  };
  const withOwn = (map: Record<string, string>, name: string, value: string) => {
    const next = { ...map };
    if (value === '') delete next[name];
    else next[name] = value;
    return next;
  };
  return (
    <>
      <p class="muted small">
        {isEvidently ? 'Its test and limit: empty is what the rule takes.' : `Its own limit: empty is ${draft.psi_threshold}.`}
      </p>
      <div class="feature-choice">
        {all.map((name) => (
          <div key={name} class={isEvidently ? 'feature-line tested' : 'feature-line'}>
            <label>
              <input type="checkbox" checked={watched(name)} onChange={() => toggle(name)} /> <span title={name}>{name}</span>
            </label>
            {isEvidently && (
              <select aria-label={`Test of ${name}`} value={draft.tests[name] ?? ''} onChange={(event) => set({ tests: withOwn(draft.tests, name, event.currentTarget.value) })}>
                <option value="">by the rule</option>
                {props.tests.map((test) => (
                  <option key={test.name} value={test.name}>
                    {test.title}
                  </option>
                ))}
              </select>
            )}
            <input
              type="number"
              min="0"
              step="any"
              aria-label={`Own limit of ${name}`}
              placeholder={isEvidently ? 'limit' : draft.psi_threshold}
              value={draft[own][name] ?? ''}
              onInput={(event) => set({ [own]: withOwn(draft[own], name, event.currentTarget.value) })}
            />
            <ProblemAt at={`${own}.${name}`} />
          </div>
        ))}
      </div>
      {['features', 'psi_thresholds', 'tests', 'test_thresholds'].map((at) => (
        <ProblemAt key={at} at={at} />
      ))}
      {chosen.length > 0 && (
        <button type="button" class="plain" onClick={() => set({ features: [] })}>
          Watch all
        </button>
      )}
    </>
  );
}

const costNames: Record<Cost, [label: string, help: string]> = {
  true_positive: ['True positive', 'said yes, was yes'],
  false_positive: ['False positive', 'said yes, was no'],
  false_negative: ['False negative', 'said no, was yes'],
  true_negative: ['True negative', 'said no, was no'],
  over: ['Each unit too much', 'the answer was too high'],
  under: ['Each unit too little', 'the answer was too low'],
};

export function CostFields(props: { draft: Draft; isRegression: boolean; set: Set }) {
  const { draft, set } = props;
  return (
    <>
      <label class="check-line">
        <input type="checkbox" name="has_costs" checked={draft.has_costs} onChange={(event) => set({ has_costs: event.currentTarget.checked })} /> Count what each window’s answers cost
      </label>
      {draft.has_costs && (
        <>
          <p class="muted small">{props.isRegression ? 'Default 1 each.' : 'Default 1 for an error, 0 for a right answer.'} A gain is below 0. Counted over answers whose outcome is known.</p>
          <div class="pair">
            {(props.isRegression ? unitCosts : classCosts).map((key) => (
              <Field key={key} at={`costs.${key}`} label={costNames[key][0]} help={costNames[key][1]}>
                <input name={`costs.${key}`} type="number" step="any" value={draft.costs[key]} onInput={(event) => set({ costs: { ...draft.costs, [key]: event.currentTarget.value } })} />
              </Field>
            ))}
          </div>
        </>
      )}
      <ProblemAt at="costs" />
    </>
  );
}

const methods = [
  { value: 'page_hinkley', label: 'Page–Hinkley', words: 'learns the level, then finds a lasting shift' },
  { value: 'cusum', label: 'CUSUM', words: 'takes the level from the reference; the quickest where it is known' },
  { value: 'adwin', label: 'ADWIN', words: 'compares older with newer rows in a window that grows' },
] as const;

export function DetectorFields(props: { features: readonly string[]; detectors: readonly DraftDetector[]; set: (detectors: DraftDetector[]) => void }) {
  const { detectors, set } = props;
  const change = (i: number, changes: Partial<DraftDetector>) => set(detectors.map((each, k) => (k === i ? { ...each, ...changes } : each)));
  return (
    <>
      <p class="muted small">Each looks at one row after another and says at which one the mean of something has changed; an alarm opens an alert at once.</p>
      {detectors.map((detector, i) => (
        <div key={i} class="detector" role="group" aria-label={`Detector ${i + 1}`}>
          <div class="pair">
            <Field at={`detectors.${i}.of`} label="Of">
              <select name={`detectors.${i}.of`} value={detector.of} onChange={(event) => change(i, { of: event.currentTarget.value as DraftDetector['of'] })}>
                <option value="error">the error</option>
                <option value="score">the answer</option>
                <option value="feature">a feature</option>
              </select>
            </Field>
            <Field at={`detectors.${i}.method`} label="By">
              <select name={`detectors.${i}.method`} value={detector.method} onChange={(event) => change(i, { method: event.currentTarget.value as DraftDetector['method'] })}>
                {methods.map((method) => (
                  <option key={method.value} value={method.value}>
                    {method.label}
                  </option>
                ))}
              </select>
            </Field>
          </div>
          <small class="muted">{methods.find((method) => method.value === detector.method)?.words}</small>
          {detector.of === 'feature' && (
            <Field at={`detectors.${i}.feature`} label="Feature" help="a number">
              <select name={`detectors.${i}.feature`} value={detector.feature} onChange={(event) => change(i, { feature: event.currentTarget.value })}>
                <option value="">choose…</option>
                {[...new Set([...props.features, ...(detector.feature === '' ? [] : [detector.feature])])].map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            </Field>
          )}
          <div class="pair">
            <Field at={`detectors.${i}.rows_between_false_alarms`} label="Run length" help="rows between false alarms; default 100000">
              <input
                name={`detectors.${i}.rows_between_false_alarms`}
                type="number"
                min="100"
                step="any"
                value={detector.rows_between_false_alarms}
                onInput={(event) => change(i, { rows_between_false_alarms: event.currentTarget.value })}
              />
            </Field>
            {detector.method !== 'adwin' && (
              <Field at={`detectors.${i}.shift`} label="Shift" help="found soonest, in deviations; default 0.5">
                <input name={`detectors.${i}.shift`} type="number" min="0.01" max="10" step="any" value={detector.shift} onInput={(event) => change(i, { shift: event.currentTarget.value })} />
              </Field>
            )}
          </div>
          <button type="button" class="plain" onClick={() => set(detectors.filter((_, k) => k !== i))}>
            Remove detector {i + 1}
          </button>
        </div>
      ))}
      <ProblemAt at="detectors" />
      <button type="button" onClick={() => set([...detectors, emptyDetector])}>
        Add a detector
      </button>
    </>
  );
}

export function StaleFields(props: { features: readonly string[]; draft: Draft; set: Set }) {
  const { draft, set } = props;
  const times = draft.feature_times;
  const change = (i: number, changes: Partial<(typeof times)[number]>) => set({ feature_times: times.map((each, k) => (k === i ? { ...each, ...changes } : each)) });
  return (
    <>
      <p class="muted small">A feature whose value was made too long before the prediction is stale. Another input says when that was: milliseconds or seconds since 1970, or a time as text.</p>
      {times.map((each, i) => (
        <div key={i} class="stale-rule" role="group" aria-label={`Rule ${i + 1}`}>
          <div class="pair">
            <Field at={`feature_times.${i}.feature`} label="Feature">
              <select name={`feature_times.${i}.feature`} value={each.feature} onChange={(event) => change(i, { feature: event.currentTarget.value })}>
                <option value="">choose…</option>
                {[...new Set([...props.features, ...(each.feature === '' ? [] : [each.feature])])].map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            </Field>
            <Field at={`feature_times.${i}.input`} label="Its time" help="an input of the log">
              <input name={`feature_times.${i}.input`} list="monitor-inputs" spellcheck={false} autocomplete="off" value={each.input} onInput={(event) => change(i, { input: event.currentTarget.value })} />
            </Field>
          </div>
          <ProblemAt at={`feature_times.${i}`} />
          <button type="button" class="plain" onClick={() => set({ feature_times: times.filter((_, k) => k !== i) })}>
            Remove rule {i + 1}
          </button>
        </div>
      ))}
      <datalist id="monitor-inputs">
        {props.features.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {times.length > 0 && (
        <Field at="stale_hours" label="Stale after" help="hours; default 24">
          <input name="stale_hours" type="number" min="0" step="any" value={draft.stale_hours} onInput={(event) => set({ stale_hours: event.currentTarget.value })} />
        </Field>
      )}
      <ProblemAt at="feature_times" />
      <button type="button" onClick={() => set({ feature_times: [...times, { feature: '', input: '' }] })}>
        Add a rule
      </button>
    </>
  );
}

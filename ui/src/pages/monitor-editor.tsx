/** A monitor as a form, and beside it what such a monitor would have said over what is logged. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/client';
import { getMonitor, listLogs, previewMonitor, putMonitor, type Monitor, type MonitorPreview } from '../api/monitors';
import { listSuites } from '../api/validations';
import { Choice, Empty, Failure, Page, Shown, Skeleton } from '../components/basics';
import { CostFields, DetectorFields, FeatureFields, Field, FormOf, StaleFields } from '../components/monitor-fields';
import { PreviewOf } from '../components/monitor-preview';
import { count, eventTime, measure } from '../format';
import { monitorPath } from '../links';
import { bodyOf, defaultOf, draftOf, emptyDraft, isTriable, placeOfField, problemsOf, ranges, taskOf, withPreset, type Draft, type ReferenceKind, type Task } from '../monitor-draft';
import { useRead } from '../query';
import { navigate, place } from '../router';

/** A number is typed digit by digit; each would be measured. */
const typingPauseMs = 350;
/** Of a new monitor: the first part of the log that its windows are compared with. */
const referenceShare = 0.25;

export function EditMonitor(props: { name: string }) {
  const monitor = useRead(`monitor:${props.name}`, (signal) => getMonitor(props.name, signal));
  return (
    <Page title={`Edit ${props.name}`} trail={[{ label: 'Monitors', to: '/monitors' }, { label: props.name, to: monitorPath(props.name) }]}>
      <Shown read={monitor} rows={8}>
        {(data) => <Editor monitor={data} first={draftOf(data.spec)} />}
      </Shown>
    </Page>
  );
}

export function NewMonitor() {
  const endpoint = place.value.query.get('endpoint') ?? '';
  return (
    <Page title="New monitor" trail={[{ label: 'Monitors', to: '/monitors' }]} sub="What it would have said is measured while you choose; nothing is stored before you create it.">
      <Editor first={{ ...emptyDraft, endpoint, name: endpoint }} />
    </Page>
  );
}

const presets = [
  { value: 'millwright', label: 'Effect and chance' },
  { value: 'evidently', label: "Evidently's rule" },
  { value: 'psi', label: 'PSI alone' },
] as const;
const presetWords: Record<string, string> = {
  millwright: 'A feature has drifted when it moved by more than the floor and by more than such windows vary by in the reference, and chance does not explain it.',
  evidently: 'A test by the kind and the size of each feature, unless you name one below.',
  psi: 'A feature has drifted when its PSI passes the limit, and by nothing else.',
};
const seasons = [
  { value: '', label: 'none' },
  { value: 'hour', label: 'the hour of the day' },
  { value: 'weekday', label: 'the weekday' },
  { value: 'hour_of_week', label: 'the hour of the week' },
  { value: 'month', label: 'the month' },
];
const tasks = [
  { value: '', label: 'as they look' },
  { value: 'binary', label: 'probabilities' },
  { value: 'regression', label: 'numbers' },
] as const;

/** What the server says of a field stands beside the field; of anything else above the preview. */
function refusalOf(error: Error | undefined): Record<string, string> {
  return error instanceof ApiError && error.field !== '' ? { [placeOfField(error.field)]: error.message } : {};
}

function Editor(props: { monitor?: Monitor; first: Draft }) {
  const { monitor } = props;
  const [draft, setDraft] = useState(props.first);
  const [error, setError] = useState<Error | undefined>();
  const [busy, setBusy] = useState(false);
  const logs = useRead('prediction-logs', listLogs);
  const suites = useRead('suites', listSuites);
  const set = (changes: Partial<Draft>) => {
    setError(undefined);
    setDraft((before) => ({ ...before, ...changes }));
  };

  // A new monitor begins with the first quarter of the log as its reference, which the person may move.
  const { first_ms, last_ms } = logs.data?.find((log) => log.name === draft.endpoint) ?? {};
  useEffect(() => {
    if (monitor || first_ms === undefined || last_ms === undefined) return;
    const day = (at_ms: number) => eventTime(at_ms).slice(0, 10);
    set({ from: day(first_ms), to: day(first_ms + Math.max(86_400_000, (last_ms - first_ms) * referenceShare)) });
  }, [first_ms, last_ms]);

  const problems = problemsOf(draft);
  const isRight = Object.keys(problems).length === 0;
  const body = bodyOf(draft, monitor?.spec);
  // Its name and its model's change nothing of what it says.
  const asked = useSettled(isTriable(draft) && isRight ? JSON.stringify({ ...body, name: '', ...(draft.reference === 'version' ? {} : { model: '' }) }) : '');
  const preview = useRead(asked === '' ? null : `preview:${asked}`, (signal) => previewMonitor(JSON.parse(asked) as Record<string, unknown>, signal));
  // While the next one is measured the last one stays in sight.
  const kept = useRef<MonitorPreview | undefined>();
  if (preview.data) kept.current = preview.data;
  const shown = preview.data ?? kept.current;
  const features = shown?.profile_features ?? monitor?.profile_features ?? [];
  const refused = refusalOf(isRight ? (error ?? preview.error) : undefined);
  const whatIsWrong = { ...refused, ...problems };
  const task = taskOf(draft) || (shown?.windows.some((window) => window.mean_predicted !== null) ? 'regression' : '');
  const spec = shown?.spec ?? monitor?.spec;

  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const made = await putMonitor(body);
      navigate(monitorPath(made.name));
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
      setBusy(false);
    }
  };

  const text = (key: keyof Draft, label: string, help: string, more: Record<string, unknown> = {}) => (
    <Field at={key} label={label} help={help}>
      <input name={key} spellcheck={false} autocomplete="off" value={String(draft[key])} onInput={(event) => set({ [key]: event.currentTarget.value })} {...more} />
    </Field>
  );
  const number = (key: keyof Draft, label: string, help: string, more: Record<string, unknown> = {}) => {
    const range = ranges[key] ?? {};
    const usual = range.optional ? '' : `${help === '' ? '' : '; '}default ${defaultOf(key, draft.preset)}`;
    return text(key, label, help + usual, { type: 'number', step: range.whole ? 1 : 'any', min: range.least ?? range.above, max: range.most, ...more });
  };
  const reference = (key: 'reference_auc' | 'reference_mae' | 'reference_rmse', label: string) =>
    number(key, label, 'empty: as it was measured', { placeholder: spec?.[key] === undefined ? 'not known' : measure(spec[key] as number, 4) });

  return (
    <div class="monitor-editor">
      <FormOf problems={whatIsWrong}>
        <form
          class="monitor-form"
          aria-label="Monitor"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <fieldset>
            <legend>What is watched</legend>
            {!monitor && text('name', 'Name', '', { required: true })}
            {!monitor && (
              <Field at="endpoint" label="Log" help="an endpoint's, or that of a model served elsewhere">
                <select name="endpoint" required value={draft.endpoint} onChange={(event) => set({ endpoint: event.currentTarget.value, name: draft.name || event.currentTarget.value })}>
                  <option value="">choose…</option>
                  {(logs.data ?? []).map((log) => (
                    <option key={log.name} value={log.name}>{`${log.name} (${count(log.predictions)})`}</option>
                  ))}
                </select>
              </Field>
            )}
            {text('model', 'Model', 'its name in the registry, for links and the loop')}
            <div class="ask-field">
              <span>Window</span>
              <Choice
                label="Window"
                value={draft.window}
                options={[
                  { value: 'hour', label: 'hour' },
                  { value: 'day', label: 'day' },
                  { value: 'week', label: 'week' },
                  { value: 'other', label: 'other' },
                ]}
                onChange={(window) => set({ window })}
              />
            </div>
            {draft.window === 'other' && number('hours', 'Hours', 'of a window', { min: 0.01 })}
            <details open={draft.origin !== '' || draft.since !== ''}>
              <summary>Times</summary>
              {text('origin', 'Windows are counted from', 'UTC; empty: midnight, for weeks Monday', { placeholder: '2001-01-01' })}
              {text('since', 'Only what was asked since', 'by the wall clock; empty: all of the log', { placeholder: '2026-01-31 or now' })}
            </details>
          </fieldset>
          <fieldset>
            <legend>Compared with</legend>
            <div class="ask-field">
              <span>Reference</span>
              <Choice<ReferenceKind>
                label="Reference"
                value={draft.reference}
                options={[
                  ...(monitor ? [{ value: 'kept' as const, label: 'as it is' }] : []),
                  { value: 'window', label: 'a time of the log' },
                  { value: 'version', label: 'training data' },
                  { value: 'dataset', label: 'a dataset' },
                ]}
                onChange={(reference) => set({ reference })}
              />
            </div>
            {draft.reference === 'kept' && <p class="muted note-line">{monitor?.reference}</p>}
            {draft.reference === 'window' && (
              <div class="pair">
                {text('from', 'From', 'by the data’s time', { placeholder: '2001-01-01' })}
                {text('to', 'To', 'not included', { placeholder: '2001-02-01' })}
              </div>
            )}
            {draft.reference === 'version' && text('version', 'Version or alias', 'of the model; champion if empty', { placeholder: 'champion' })}
            {draft.reference === 'version' && text('reference_metric', 'AUC of the reference', 'the metric of its run that says it', { placeholder: 'test_auc' })}
            {draft.reference === 'dataset' && text('dataset', 'Dataset', 'NAME or NAME@VERSION')}
            {draft.reference === 'dataset' && text('reference_time', 'Its column of times', 'for seasons and for what windows vary by')}
            {draft.preset !== 'evidently' && (
              <Field at="season" label="Same" help="rows are compared with those of the reference at the same place; UTC">
                <select name="season" value={draft.season} onChange={(event) => set({ season: event.currentTarget.value })}>
                  {seasons.map((season) => (
                    <option key={season.value} value={season.value}>
                      {season.label}
                    </option>
                  ))}
                </select>
              </Field>
            )}
          </fieldset>
          <fieldset>
            <legend>When it has drifted</legend>
            <div class="ask-field">
              <span>Preset</span>
              <Choice label="Preset" value={draft.preset} options={presets} onChange={(preset) => setDraft((before) => withPreset(before, preset))} />
              <small class="muted">{presetWords[draft.preset]}</small>
            </div>
            {draft.preset !== 'evidently' && (
              <Field at="psi_threshold" label={draft.preset === 'psi' ? 'PSI limit' : 'PSI floor'} help={`how far a feature has moved; default ${defaultOf('psi_threshold', draft.preset)}`}>
                <span class="ranged">
                  <input
                    type="range"
                    min="0.01"
                    max="0.5"
                    step="0.01"
                    aria-label="PSI limit, by sliding"
                    value={draft.psi_threshold}
                    onInput={(event) => set({ psi_threshold: event.currentTarget.value })}
                  />
                  <input name="psi_threshold" type="number" min="0" step="any" value={draft.psi_threshold} onInput={(event) => set({ psi_threshold: event.currentTarget.value })} />
                </span>
              </Field>
            )}
            {draft.preset === 'millwright' && number('false_discovery_rate', 'False discoveries', 'share of the features called drifted that may be so by chance')}
            {number('rows_min', 'Predictions at least', 'of a window that is judged')}
            {number('consecutive_windows', 'Windows in a row', 'over the limit before there is an alert')}
            {number('drift_share_min', 'Share of the features', 'that must have drifted; 0: any one')}
          </fieldset>
          {features.length > 0 && (
            <fieldset>
              <legend>Features</legend>
              <FeatureFields all={features} draft={draft} tests={shown?.tests ?? []} set={set} />
            </fieldset>
          )}
          <fieldset>
            <legend>When it answers badly</legend>
            {text('probability_output', 'Answer', 'the output that holds the probability or the number; default probability')}
            <div class="ask-field">
              <span>
                Answers are <small class="muted">{draft.task === '' ? (task === 'regression' ? 'numbers, it seems' : 'found out from those that are logged') : ''}</small>
              </span>
              <Choice<Task> label="Answers are" value={draft.task} options={tasks} onChange={(chosen) => set({ task: chosen })} />
            </div>
            {task !== 'regression' && (
              <>
                {number('decision_threshold', 'Yes from', 'this probability on')}
                {text('positive_label', 'Which text is yes', 'of outcomes that are text; default true')}
                {number('auc_min', 'AUC at least', 'empty: no limit')}
                {number('auc_drop_max', 'AUC may fall by', 'from that of the reference; empty: no limit')}
                {draft.auc_drop_max !== '' && reference('reference_auc', 'AUC of the reference')}
              </>
            )}
            {task === 'regression' && (
              <>
                {number('mae_max', 'Mean absolute error at most', 'empty: no limit')}
                {number('mae_rise_max', 'It may rise by', 'a share of the reference’s: 0.2 is a fifth; empty: no limit')}
                {draft.mae_rise_max !== '' && reference('reference_mae', 'Mean absolute error of the reference')}
                {number('rmse_max', 'Root mean squared error at most', 'empty: no limit')}
                {number('rmse_rise_max', 'It may rise by', 'a share of the reference’s; empty: no limit')}
                {draft.rmse_rise_max !== '' && reference('reference_rmse', 'Root mean squared error of the reference')}
              </>
            )}
            {number('outcomes_min', 'Outcomes at least', 'of a window that is judged')}
            {number('coverage_min', 'Share known at least', 'of a window that is judged')}
          </fieldset>
          <fieldset>
            <legend>What answers cost</legend>
            <CostFields draft={draft} isRegression={task === 'regression'} set={set} />
          </fieldset>
          <fieldset>
            <legend>Detectors of changes</legend>
            <DetectorFields features={features} detectors={draft.detectors} set={(detectors) => set({ detectors })} />
          </fieldset>
          <fieldset>
            <legend>Stale features</legend>
            <StaleFields features={features} draft={draft} set={set} />
          </fieldset>
          <fieldset>
            <legend>Expectations</legend>
            <Field at="suite" label="Suite" help="each window’s rows are held against it, as it is now">
              <input name="suite" list="monitor-suites" spellcheck={false} autocomplete="off" placeholder="none" value={draft.suite} onInput={(event) => set({ suite: event.currentTarget.value })} />
            </Field>
            <datalist id="monitor-suites">
              {(suites.data ?? []).map((suite) => (
                <option key={suite.name} value={suite.name} />
              ))}
            </datalist>
          </fieldset>
          {error && Object.keys(refused).length === 0 && <Failure error={error} />}
          <div class="row">
            <button type="submit" class="primary" disabled={busy || !isRight || !isTriable(draft) || draft.name === ''}>
              {monitor ? 'Save' : 'Create'}
            </button>
            {!isRight && <span class="bad-text">{Object.keys(problems).length === 1 ? 'One field is not right yet.' : `${Object.keys(problems).length} fields are not right yet.`}</span>}
            {isRight && monitor && <span class="muted">Its windows are measured anew; only windows from now on open alerts.</span>}
          </div>
        </form>
      </FormOf>
      <div class="monitor-preview" aria-live="polite">
        {preview.error && <Failure error={preview.error} />}
        {shown ? (
          <PreviewOf preview={shown} isOld={preview.data === undefined} />
        ) : asked === '' ? (
          <Empty title="Nothing to measure yet.">Choose a log, and what it is compared with.</Empty>
        ) : (
          !preview.error && <Skeleton rows={8} />
        )}
      </div>
    </div>
  );
}

/** What it was before the last pause: a question for each pause, not for each key. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const pause = setTimeout(() => setSettled(value), typingPauseMs);
    return () => clearTimeout(pause);
  }, [value]);
  return settled;
}

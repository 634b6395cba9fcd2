/** A monitor as a form, and beside it what such a monitor would have said over what is logged. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { getMonitor, listLogs, previewMonitor, putMonitor, type Monitor, type MonitorPreview } from '../api/monitors';
import { Badge, Choice, Empty, Failure, Page, Section, Shown, Skeleton } from '../components/basics';
import { Chart } from '../components/chart';
import { DriftHeat } from '../components/drift-heat';
import { count, eventTime, grouped, measure, plural, windowText } from '../format';
import { monitorPath } from '../links';
import { bodyOf, draftOf, emptyDraft, isTriable, type Draft, type ReferenceKind } from '../monitor-draft';
import { useRead } from '../query';
import { navigate, place } from '../router';
import { driftLines } from '../series';

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
const seasons = [
  { value: '', label: 'none' },
  { value: 'hour', label: 'the hour of the day' },
  { value: 'weekday', label: 'the weekday' },
  { value: 'hour_of_week', label: 'the hour of the week' },
  { value: 'month', label: 'the month' },
];

function Editor(props: { monitor?: Monitor; first: Draft }) {
  const { monitor } = props;
  const [draft, setDraft] = useState(props.first);
  const [error, setError] = useState<Error | undefined>();
  const [busy, setBusy] = useState(false);
  const logs = useRead('prediction-logs', listLogs);
  const set = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));

  // A new monitor begins with the first quarter of the log as its reference, which the person may move.
  const { first_ms, last_ms } = logs.data?.find((log) => log.name === draft.endpoint) ?? {};
  useEffect(() => {
    if (monitor || first_ms === undefined || last_ms === undefined) return;
    const day = (at_ms: number) => eventTime(at_ms).slice(0, 10);
    set({ from: day(first_ms), to: day(first_ms + Math.max(86_400_000, (last_ms - first_ms) * referenceShare)) });
  }, [first_ms, last_ms]);

  const body = bodyOf(draft, monitor?.spec);
  // Its name and its model's change nothing of what it says.
  const asked = useSettled(isTriable(draft) ? JSON.stringify({ ...body, name: '', ...(draft.reference === 'version' ? {} : { model: '' }) }) : '');
  const preview = useRead(asked === '' ? null : `preview:${asked}`, (signal) => previewMonitor(JSON.parse(asked) as Record<string, unknown>, signal));
  // While the next one is measured the last one stays in sight.
  const kept = useRef<MonitorPreview | undefined>();
  if (preview.data) kept.current = preview.data;
  const shown = preview.data ?? kept.current;
  const features = shown?.profile_features ?? monitor?.profile_features ?? [];

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
    <Field label={label} help={help}>
      <input name={key} spellcheck={false} autocomplete="off" value={String(draft[key])} onInput={(event) => set({ [key]: event.currentTarget.value })} {...more} />
    </Field>
  );
  const number = (key: keyof Draft, label: string, help: string, more: Record<string, unknown> = {}) => text(key, label, help, { type: 'number', min: 0, step: 'any', ...more });

  return (
    <div class="monitor-editor">
      <form
        class="monitor-form"
        aria-label="Monitor"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <fieldset>
          <legend>What is watched</legend>
          {!monitor && text('name', 'Name', '', { required: true })}
          {!monitor && (
            <Field label="Log" help="an endpoint's, or that of a model served elsewhere">
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
          {draft.reference === 'dataset' && text('dataset', 'Dataset', 'NAME or NAME@VERSION')}
          <Field label="Same" help="rows are compared with those of the reference at the same place">
            <select name="season" value={draft.season} onChange={(event) => set({ season: event.currentTarget.value })}>
              {seasons.map((season) => (
                <option key={season.value} value={season.value}>
                  {season.label}
                </option>
              ))}
            </select>
          </Field>
        </fieldset>
        <fieldset>
          <legend>When it has drifted</legend>
          <div class="ask-field">
            <span>Preset</span>
            <Choice label="Preset" value={draft.preset} options={presets} onChange={(preset) => set({ preset })} />
          </div>
          {draft.preset !== 'evidently' && (
            <Field label={draft.preset === 'psi' ? 'PSI limit' : 'PSI floor'} help="how far a feature has moved">
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
          {draft.preset === 'millwright' && number('false_discovery_rate', 'False discoveries', 'share of the features called drifted that may be so by chance', { max: 1 })}
          {number('rows_min', 'Predictions at least', 'of a window that is judged', { min: 1, step: 1 })}
          {number('consecutive_windows', 'Windows in a row', 'over the limit before there is an alert', { min: 1, step: 1 })}
          {number('drift_share_min', 'Share of the features', 'that must have drifted; 0: any one', { max: 1 })}
        </fieldset>
        <fieldset>
          <legend>When it answers badly</legend>
          {text('probability_output', 'Answer', 'the output that holds the probability')}
          {number('auc_drop_max', 'AUC may fall by', 'from that of the reference; empty: no limit')}
          {number('auc_min', 'AUC at least', 'empty: no limit', { max: 1 })}
          {number('outcomes_min', 'Outcomes at least', 'of a window that is judged', { min: 1, step: 1 })}
          {number('coverage_min', 'Share known at least', 'of a window that is judged', { max: 1 })}
        </fieldset>
        {features.length > 0 && (
          <fieldset>
            <legend>Features</legend>
            <Features all={features} chosen={draft.features} onChange={(chosen) => set({ features: chosen })} />
          </fieldset>
        )}
        {error && <Failure error={error} />}
        <div class="row">
          <button type="submit" class="primary" disabled={busy || !isTriable(draft) || draft.name === ''}>
            {monitor ? 'Save' : 'Create'}
          </button>
          {monitor && <span class="muted">Its windows are measured anew; only windows from now on open alerts.</span>}
        </div>
      </form>
      <div class="monitor-preview" aria-live="polite">
        {preview.error && <Failure error={preview.error} />}
        {shown ? (
          <Preview preview={shown} isOld={preview.data === undefined} />
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

function Field(props: { label: string; help: string; children: ComponentChildren }) {
  return (
    <label class="ask-field">
      <span>
        {props.label} <small class="muted">{props.help}</small>
      </span>
      {props.children}
    </label>
  );
}

/** None chosen means all of them. */
function Features(props: { all: readonly string[]; chosen: readonly string[]; onChange: (chosen: string[]) => void }) {
  const { all, chosen, onChange } = props;
  const watched = (name: string) => chosen.length === 0 || chosen.includes(name);
  const toggle = (name: string) => {
    const next = all.filter((each) => (each === name ? !watched(each) : watched(each)));
    if (next.length > 0) onChange(next.length === all.length ? [] : next);
  };
  return (
    <div class="feature-choice">
      {all.map((name) => (
        <label key={name}>
          <input type="checkbox" checked={watched(name)} onChange={() => toggle(name)} /> {name}
        </label>
      ))}
      {chosen.length > 0 && (
        <button type="button" class="plain" onClick={() => onChange([])}>
          All
        </button>
      )}
    </div>
  );
}

const verdicts: Record<string, string> = { drifted: 'drifted', quiet: 'no drift', incomplete: 'not over yet', not_enough_data: 'not enough data' };

function Preview(props: { preview: MonitorPreview; isOld: boolean }) {
  const { preview } = props;
  const { windows, alerts } = preview;
  const [picked, setPicked] = useState<{ feature: string; start_ms: number } | undefined>();
  if (windows.length === 0) return <Empty title="No prediction is logged yet." />;
  const { lines } = driftLines(windows);
  const names = windows.map((window) => eventTime(window.start_ms).slice(0, window.start_ms % 86_400_000 === 0 ? 10 : 16));
  const judged = windows.filter((window) => window.verdict === 'drifted' || window.verdict === 'quiet').length;
  const window = windows.find((each) => each.start_ms === picked?.start_ms);
  const feature = window?.features.find((each) => each.name === picked?.feature);
  const measured = windows.some((each) => each.auc !== null);
  return (
    <div class={props.isOld ? 'old' : ''} data-preview={props.isOld ? 'old' : 'new'}>
      <Section
        title="What it would have said"
        note={`${plural(windows.length, 'window')}, ${judged} judged, ${grouped(preview.rows)} predictions against ${preview.reference}${preview.partial ? '; older windows are not looked at' : ''}`}
      >
        <p class="preview-verdict">
          {judged === 0 ? (
            <Badge state="warning" label={`not enough data: a window needs ${grouped(preview.rows_min)} predictions`} />
          ) : (
            <Badge state={alerts.length > 0 ? 'open' : 'ready'} label={alerts.length === 0 ? 'no alert' : plural(alerts.length, 'alert')} />
          )}
        </p>
        <DriftHeat lines={lines} windows={windows} names={names} feature={picked?.feature ?? ''} window={picked?.start_ms ?? -1} onPick={(name, start_ms) => setPicked({ feature: name, start_ms })} />
        {window && feature && (
          <p class="note-line" data-picked>
            <b>{feature.name}</b>, {windowText(window.start_ms, window.end_ms)}: {feature.score === null ? 'not enough data' : `${feature.method} ${measure(feature.score, 3)}, limit ${measure(feature.threshold, 3)}`}
            {feature.adjusted_p !== null && feature.adjusted_p !== undefined && `, chance ${measure(feature.adjusted_p, 2)}`} · {count(window.predictions)} predictions, {verdicts[window.verdict]}
          </p>
        )}
      </Section>
      {measured && (
        <Section title="AUC" note={preview.auc_threshold === null ? 'no limit' : undefined}>
          <Chart
            label="AUC that it would have seen by window"
            xs={windows.map((_, i) => i)}
            names={names}
            across="Window from"
            height={170}
            gaps
            lines={[{ label: 'AUC', values: windows.map((each) => each.auc) }]}
            limits={preview.auc_threshold === null ? [] : [{ value: preview.auc_threshold, label: `limit ${measure(preview.auc_threshold, 3)}` }]}
          />
        </Section>
      )}
      <Section title="Alerts that it would have opened">
        {alerts.length === 0 ? (
          <Empty title="None." />
        ) : (
          <ol class="health-entries preview-alerts">
            {alerts.map((alert) => (
              <li key={`${alert.kind}/${alert.feature}/${alert.window_start_ms}`}>
                <span class="figures muted">{eventTime(alert.window_end_ms).slice(0, 16)}</span>
                <Badge state={alert.closed_ms === undefined ? 'open' : 'closed'} label={alert.closed_ms === undefined ? 'still open' : `until ${eventTime(alert.closed_ms).slice(0, 10)}`} />
                <span class="health-entry">{alert.message}</span>
              </li>
            ))}
          </ol>
        )}
      </Section>
    </div>
  );
}

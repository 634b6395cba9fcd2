/** What a monitor would have said over what is logged: drift, performance, cost, changes, data quality, alerts. */
import { useState } from 'preact/hooks';
import type { MonitorPreview } from '../api/monitors';
import { count, eventTime, grouped, measure, plural, windowText } from '../format';
import { driftLines } from '../series';
import { Badge, Empty, Section } from './basics';
import { Chart } from './chart';
import { DriftHeat } from './drift-heat';
import { ExpectationsByWindow } from './expectations-by-window';
import { ChangeList, QualityByWindow } from './quality-tables';

const shownFigures = [
  { key: 'auc', limit: 'roc_auc', title: 'AUC' },
  { key: 'mae', limit: 'mae', title: 'Mean absolute error' },
  { key: 'rmse', limit: 'rmse', title: 'Root mean squared error' },
] as const;
const verdicts: Record<string, string> = { drifted: 'drifted', quiet: 'no drift', incomplete: 'not over yet', not_enough_data: 'not enough data', reference: 'of the reference' };

export function PreviewOf(props: { preview: MonitorPreview; isOld: boolean }) {
  const { preview } = props;
  const { windows, alerts } = preview;
  const [picked, setPicked] = useState<{ feature: string; start_ms: number } | undefined>();
  if (windows.length === 0) return <Empty title="No prediction is logged yet." />;
  const { lines } = driftLines(windows);
  const names = windows.map((window) => eventTime(window.start_ms).slice(0, window.start_ms % 86_400_000 === 0 ? 10 : 16));
  const judged = windows.filter((window) => window.verdict === 'drifted' || window.verdict === 'quiet').length;
  const window = windows.find((each) => each.start_ms === picked?.start_ms);
  const feature = window?.features.find((each) => each.name === picked?.feature);
  const axis = { xs: windows.map((_, i) => i), names, across: 'Window from', height: 170, gaps: true };
  const figures = shownFigures.filter((figure) => windows.some((each) => each[figure.key] !== null));
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
      {figures.map((figure) => {
        const limit = preview.limits[figure.limit];
        return (
          <Section key={figure.key} title={figure.title} note={limit === undefined ? 'no limit' : undefined}>
            <Chart
              {...axis}
              label={`${figure.title} that it would have seen by window`}
              lines={[{ label: figure.title, values: windows.map((each) => each[figure.key]) }]}
              limits={limit === undefined ? [] : [{ value: limit, label: `limit ${measure(limit, 3)}` }]}
            />
          </Section>
        );
      })}
      {windows.some((each) => each.cost !== null) && (
        <Section title="Cost" note={`${measure(windows.reduce((sum, each) => sum + (each.cost ?? 0), 0), 4)} in all windows with enough outcomes`}>
          <Chart {...axis} label="Cost of each known answer by window" fromZero lines={[{ label: 'cost of an answer', values: windows.map((each) => each.cost_per_outcome), colour: 4 }]} />
        </Section>
      )}
      {windows.some((each) => each.changes.length > 0) && (
        <Section title="Changes that its detectors would have found">
          <ChangeList windows={windows} />
        </Section>
      )}
      <Section title="Data quality" note="rows that are not what the reference was, by window" flush>
        <QualityByWindow windows={windows} />
      </Section>
      <ExpectationsByWindow windows={windows} />
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

/** Charts of metrics, each with a line for every run; those in sight read the range that is looked at. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { readChart, type ChartAxis, type ChartSeries } from '../api/tracking';
import { axisLabel, scaleKindOf, smoothingMost, zoomText, type ChartSettings } from '../chart-settings';
import { grouped, measure } from '../format';
import { runColour } from '../plot/colours';
import { pathOf, type Line } from '../plot/lines';
import { useRead } from '../query';
import { setQuery } from '../router';
import { theme } from '../theme';
import { RankedBars } from './bars';
import { Choice, Failure } from './basics';
import { LinePlot } from './line-plot';

export interface ChartedRun {
  run_id: string;
  label: string;
  running: boolean;
}

const runningPollMs = 2_000;
/** Finer than a screen shows anyway. */
const pixelsMost = 1_200;
const ranked = 24;

/** The choices that all charts of a page share. */
export function ChartTools(props: { settings: ChartSettings; usual?: ChartAxis; smoothing?: boolean }) {
  const { settings, usual = 'step' } = props;
  return (
    <>
      <Choice
        label="Horizontal axis"
        value={settings.axis}
        options={[
          { value: 'step', label: 'Step' },
          { value: 'time', label: 'Time' },
          { value: 'relative_time', label: 'Relative' },
        ]}
        onChange={(axis) => setQuery({ axis: axis === usual ? undefined : axis, zoom: undefined }, { replace: true })}
      />
      <Choice
        label="Vertical axis"
        value={settings.log ? 'log' : 'linear'}
        options={[
          { value: 'linear', label: 'Linear' },
          { value: 'log', label: 'Log' },
        ]}
        onChange={(value) => setQuery({ scale: value === 'log' ? 'log' : undefined }, { replace: true })}
      />
      {props.smoothing !== false && (
        <label class="slider">
          <span>Smoothing</span>
          <input
            type="range"
            min="0"
            max={smoothingMost}
            step="0.01"
            value={settings.smoothing}
            aria-valuetext={settings.smoothing === 0 ? 'none' : String(settings.smoothing)}
            onInput={(event) => setQuery({ smooth: Number(event.currentTarget.value) === 0 ? undefined : event.currentTarget.value }, { replace: true })}
          />
          <output>{settings.smoothing.toFixed(2)}</output>
        </label>
      )}
    </>
  );
}

export function MetricCharts(props: { runs: readonly ChartedRun[]; keys: readonly string[]; settings: ChartSettings; height?: number; wide?: boolean }) {
  return (
    <div class={props.wide ? 'charts wide' : 'charts'}>
      {props.keys.map((key) => (
        <MetricChart key={key} metric={key} runs={props.runs} settings={props.settings} height={props.height ?? 190} />
      ))}
    </div>
  );
}

/** True once the element has come near the window; it stays true. */
function useSeen(): [preact.RefObject<HTMLElement>, boolean] {
  const element = useRef<HTMLElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true), { rootMargin: '300px' });
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  return [element, seen];
}

function MetricChart(props: { metric: string; runs: readonly ChartedRun[]; settings: ChartSettings; height: number }) {
  const { metric, runs, settings } = props;
  const [element, seen] = useSeen();
  const width = Math.min(pixelsMost, Math.max(200, Math.ceil((element.current?.clientWidth ?? 400) / 100) * 100));
  const ids = runs.map((run) => run.run_id);
  const question = { runs: ids, keys: [metric], axis: settings.axis, ...(settings.window ? { from: settings.window[0], to: settings.window[1] } : {}), width };
  const running = runs.some((run) => run.running);
  const read = useRead(seen && ids.length > 0 ? `chart:${JSON.stringify(question)}` : null, (signal) => readChart(question, signal), { pollMs: running ? runningPollMs : undefined });
  // While the new range is on its way the old one stays in sight, which zooms at once if coarsely.
  const kept = useRef<ChartSeries[] | undefined>();
  if (read.data) kept.current = read.data;
  const series = read.data ?? kept.current;
  const dark = theme.value === 'dark';
  const lines = useMemo(() => linesOf(series ?? [], runs, dark), [series, runs.map((run) => run.run_id + run.label).join(), dark]);
  const single = series !== undefined && !settings.window && lines.length > 0 && lines.every((line) => line.ends.xs.length < 2);
  return (
    <figure ref={element} class="metric-chart" style={single ? undefined : { minHeight: `${props.height + 24}px` }}>
      <figcaption>
        <span title={metric}>{metric}</span>{' '}
        {lines.length === 1 && !single && <span class="muted">{measure(lines[0]!.ends.ys.at(-1), 5)}</span>}
        {lines.length > 1 && <span class="muted">{lines.length} runs</span>}
      </figcaption>
      {read.error && <Failure error={read.error} retry={read.reload} />}
      {series && lines.length === 0 && !read.error && <p class="muted">{settings.window ? 'No point in this range.' : 'No run has this metric.'}</p>}
      {single ? (
        <Singles lines={lines} />
      ) : (
        series &&
        (lines.length > 0 || settings.window) && (
          <LinePlot
            label={`${metric} by ${axisLabel[settings.axis]}`}
            height={props.height}
            chart={{ lines, x: scaleKindOf[settings.axis], log: settings.log, smoothing: settings.smoothing, window: settings.window }}
            zoomed={settings.window !== undefined}
            onZoom={(window) => setQuery({ zoom: zoomText(window) })}
            legend={lines.length > 1}
          />
        )
      )}
    </figure>
  );
}

/** One value a run: bars say more than dots. */
function Singles(props: { lines: readonly Line[] }) {
  const values = props.lines.map((line) => ({ name: line.label, value: line.ends.ys[0] ?? NaN }));
  if (values.length === 1) return <p class="single-value">{measure(values[0]!.value, 6)}</p>;
  const sorted = [...values].sort((a, b) => b.value - a.value);
  if (sorted.some((each) => !(each.value >= 0)))
    return (
      <ul class="lines">
        {sorted.slice(0, ranked).map((each) => (
          <li key={each.name}>
            {each.name} <b>{measure(each.value, 5)}</b>
          </li>
        ))}
      </ul>
    );
  return (
    <>
      <RankedBars items={sorted.slice(0, ranked)} format={(value) => measure(value, 5)} />
      {sorted.length > ranked && <p class="muted">and {grouped(sorted.length - ranked)} more</p>}
    </>
  );
}

export function linesOf(series: readonly ChartSeries[], runs: readonly ChartedRun[], dark: boolean): Line[] {
  const labels = new Map(runs.map((run) => [run.run_id, run.label]));
  return series
    .filter((each) => each.from.length > 0 && labels.has(each.run_id))
    .map((each) => ({ id: each.run_id, label: labels.get(each.run_id)!, colour: runColour(each.run_id, dark), ...pathOf(each) }));
}

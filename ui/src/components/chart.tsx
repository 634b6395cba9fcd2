/** Line charts over uPlot, in the page's colours, as wide as their box. uPlot comes in its own chunk. */
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { absolute, eventTime, measure, tick } from '../format';
import { theme } from '../theme';

export interface ChartLine {
  label: string;
  values: (number | null | undefined)[];
  /** Index of the palette; lines take them in order otherwise. */
  colour?: number;
  dashed?: boolean;
  /** Fills the area under the line. */
  fill?: boolean;
  /** An edge of a band: thin and without points. */
  edge?: boolean;
}

export interface ChartProps {
  /** What the chart shows, for those who cannot see it. */
  label: string;
  xs: number[];
  /** x is seconds since 1970 rather than a plain number. */
  time?: boolean;
  /** The times are the data's own and are written as UTC. */
  utc?: boolean;
  lines: ChartLine[];
  /** Horizontal limits, dashed. */
  limits?: { value: number; label: string }[];
  height?: number;
  format?: (value: number) => string;
  /** Keeps zero in sight. */
  fromZero?: boolean;
  /** x counts slots of these names, such as windows of time with nothing between them. */
  names?: readonly string[];
  /** What x is, when not steps. */
  across?: string;
  /** Leaves out what lies between two values where nothing was measured. */
  gaps?: boolean;
  /** y follows powers of ten. */
  log?: boolean;
  /** Charts of one key share their cursor. */
  sync?: string;
  /** Hides the legend where the heading already says it. */
  bare?: boolean;
  onPick?: (index: number) => void;
  picked?: number;
  /** Fills what lies between two lines, by their places in `lines`. */
  bands?: readonly { upper: number; lower: number; colour?: number }[];
  /** Instants that everything is read against, as thin upright lines. */
  marks?: readonly { at: number; colour: number }[];
}

let library: Promise<typeof uPlot> | undefined;
function loadLibrary(): Promise<typeof uPlot> {
  library ??= Promise.all([import('uplot'), import('uplot/dist/uPlot.min.css')]).then(([module]) => module.default as typeof uPlot);
  return library;
}

export const paletteSize = 8;

export function paletteColour(index: number): string {
  return `var(--c${(index % paletteSize) + 1})`;
}

function resolved(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function lastKnown(line: ChartLine): number | undefined {
  return line.values.findLast((value): value is number => typeof value === 'number');
}

function summary(props: ChartProps): string {
  const parts = props.lines.slice(0, 6).map((line) => {
    const values = line.values.filter((value): value is number => typeof value === 'number');
    if (values.length === 0) return `${line.label}: no values`;
    return `${line.label}: ${measure(Math.min(...values), 3)} to ${measure(Math.max(...values), 3)}, last ${measure(values[values.length - 1]!, 3)}`;
  });
  return `${props.label}. ${parts.join('; ')}`;
}

/** uPlot asks for dates in local time to place its ticks; this one's local time is UTC's. */
function shiftedToUtc(at_s: number): Date {
  const date = new Date(at_s * 1000);
  return new Date(at_s * 1000 + date.getTimezoneOffset() * 60_000);
}

function optionsOf(props: ChartProps, width: number): uPlot.Options {
  const ink = resolved('--muted');
  const grid = resolved('--line');
  const font = `11px ${resolved('--font')}`;
  const format = props.format ?? ((value: number) => measure(value, 3));
  const axis: uPlot.Axis = { stroke: ink, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  const bounds = (_: uPlot, low: number | null, high: number | null): [number, number] => {
    const limits = (props.limits ?? []).map((limit) => limit.value);
    let from = Math.min(low ?? Infinity, ...limits);
    let to = Math.max(high ?? -Infinity, ...limits);
    if (!Number.isFinite(from) || !Number.isFinite(to)) return [0, 1];
    if (props.log) return [10 ** Math.floor(Math.log10(from || 1e-6)), 10 ** Math.ceil(Math.log10(to || 1))];
    const room = (to - from || Math.abs(to) || 1) * 0.08;
    to += room;
    from = props.fromZero && from >= 0 ? 0 : from - room;
    return [from, to];
  };
  return {
    width,
    height: props.height ?? 200,
    // Names of windows are wider than times, and half of the last one stands beyond the plot.
    padding: [8, props.names ? 34 : 12, 0, 0],
    tzDate: (at) => (props.utc ? shiftedToUtc(at) : new Date(at * 1000)),
    legend: { show: !props.bare, live: true },
    cursor: {
      drag: { x: true, y: false },
      points: { size: 6 },
      ...(props.sync ? { sync: { key: props.sync } } : {}),
    },
    scales: {
      x: { time: props.time ?? false },
      y: props.log ? { distr: 3, range: bounds } : { range: bounds },
    },
    axes: [
      {
        ...axis,
        size: 24,
        ...(props.names ? { space: 80, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500], values: (_, ticks) => ticks.map((at) => props.names?.[at] ?? '') } : {}),
        ...(props.time ? { space: 52, values: (_, ticks, __, ___, step) => ticks.map((at) => tick(at * 1000, step * 1000, props.utc ?? false)) } : {}),
      },
      { ...axis, size: 52, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : format(tick))) },
    ],
    series: [
      props.time
        ? { label: 'Time', value: (_, at) => (at === null || at === undefined ? 'latest' : (props.utc ? eventTime : absolute)(at * 1000)) }
        : { label: props.across ?? 'Step', value: (_, at) => (at === null || at === undefined ? 'last' : (props.names?.[at] ?? measure(at))) },
      ...props.lines.map((line, index): uPlot.Series => {
        const colour = resolved(`--c${((line.colour ?? index) % paletteSize) + 1}`);
        const known = line.values.filter((value) => typeof value === 'number').length;
        return {
          label: line.label,
          stroke: colour,
          width: line.edge ? 0.5 : 1.5,
          spanGaps: !props.gaps,
          points: { show: known <= 40 && !line.edge, size: known <= 40 ? 5 : 4, fill: resolved('--surface') },
          // Without a cursor the legend says the latest values rather than nothing.
          value: (_, value, __, at) => {
            const shown = at === null || at === undefined ? lastKnown(line) : value;
            return shown === null || shown === undefined ? '–' : format(shown);
          },
          ...(line.dashed ? { dash: [4, 4] } : {}),
          ...(line.fill ? { fill: `color-mix(in srgb, ${colour} 12%, transparent)` } : {}),
        };
      }),
    ],
    bands: (props.bands ?? []).map((band) => ({
      series: [band.upper + 1, band.lower + 1],
      fill: `color-mix(in srgb, ${resolved(`--c${((band.colour ?? 0) % paletteSize) + 1}`)} 14%, transparent)`,
    })),
    hooks: {
      draw: [
        (plot) => {
          const { ctx, bbox } = plot;
          const ratio = devicePixelRatio;
          ctx.save();
          for (const mark of props.marks ?? []) {
            const x = plot.valToPos(mark.at, 'x', true);
            ctx.strokeStyle = resolved(`--c${(mark.colour % paletteSize) + 1}`);
            ctx.lineWidth = ratio;
            ctx.setLineDash([2 * ratio, 3 * ratio]);
            ctx.beginPath();
            ctx.moveTo(x, bbox.top);
            ctx.lineTo(x, bbox.top + bbox.height);
            ctx.stroke();
            ctx.setLineDash([]);
          }
          if (props.picked !== undefined && props.xs[props.picked] !== undefined) {
            const x = plot.valToPos(props.xs[props.picked]!, 'x', true);
            ctx.strokeStyle = resolved('--accent');
            ctx.lineWidth = ratio;
            ctx.beginPath();
            ctx.moveTo(x, bbox.top);
            ctx.lineTo(x, bbox.top + bbox.height);
            ctx.stroke();
          }
          for (const limit of props.limits ?? []) {
            const y = plot.valToPos(limit.value, 'y', true);
            if (!Number.isFinite(y)) continue;
            ctx.strokeStyle = resolved('--bad');
            ctx.fillStyle = resolved('--bad');
            ctx.lineWidth = ratio;
            ctx.setLineDash([5 * ratio, 4 * ratio]);
            ctx.beginPath();
            ctx.moveTo(bbox.left, y);
            ctx.lineTo(bbox.left + bbox.width, y);
            ctx.stroke();
            ctx.font = `${11 * ratio}px ${resolved('--font')}`;
            ctx.textAlign = 'right';
            ctx.fillText(limit.label, bbox.left + bbox.width - 4 * ratio, y - 5 * ratio);
          }
          ctx.restore();
        },
      ],
    },
  };
}

export function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const height = props.height ?? 200;
  const data = [props.xs, ...props.lines.map((line) => line.values)] as uPlot.AlignedData;
  const shape = JSON.stringify([
    theme.value,
    height,
    props.time,
    props.log,
    props.fromZero,
    props.picked,
    props.names,
    props.limits,
    props.bands,
    props.marks,
    props.lines.map((line) => [line.label, line.colour, line.dashed, line.values.length > 40]),
  ]);

  useEffect(() => {
    const element = box.current!;
    let ended = false;
    let observer: ResizeObserver | undefined;
    void loadLibrary().then((UPlot) => {
      if (ended) return;
      const { xs, lines } = latest.current;
      const chart = new UPlot(
        optionsOf(latest.current, Math.max(160, element.clientWidth)),
        [xs, ...lines.map((line) => line.values)] as uPlot.AlignedData,
        element,
      );
      plot.current = chart;
      element.dataset['drawn'] = String(xs.length);
      if (latest.current.onPick) {
        chart.over.addEventListener('click', () => {
          const index = chart.cursor.idx;
          if (typeof index === 'number') latest.current.onPick?.(index);
        });
        chart.over.style.cursor = 'pointer';
      }
      observer = new ResizeObserver(() => {
        if (element.clientWidth > 0) chart.setSize({ width: Math.max(160, element.clientWidth), height });
      });
      observer.observe(element);
    });
    return () => {
      ended = true;
      observer?.disconnect();
      plot.current?.destroy();
      plot.current = null;
      delete element.dataset['drawn'];
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(data);
    if (plot.current && box.current) box.current.dataset['drawn'] = String(props.xs.length);
  });

  return <div class="chart" ref={box} role="img" aria-label={summary(props)} style={{ minHeight: `${height}px` }} />;
}

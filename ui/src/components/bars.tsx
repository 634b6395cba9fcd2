/** Small bar drawings in plain SVG: histograms, compared distributions, ranked values, sparklines. */
import { count, inline, measure, percent } from '../format';

/** One bar and what it stands for. */
export interface Bar {
  label: string;
  count: number;
}

/** A histogram as tall bars without axes; each bar says its range and count on hover. */
export function Histogram(props: { bars: readonly Bar[]; label: string }) {
  const top = Math.max(1, ...props.bars.map((bar) => bar.count));
  const bars = props.bars.length || 1;
  return (
    <svg class="histogram" viewBox={`0 0 ${bars * 6} 36`} preserveAspectRatio="none" role="img" aria-label={`Histogram of ${props.label}`}>
      {props.bars.map(({ label, count: amount }, i) => {
        const tall = amount === 0 ? 0 : Math.max(1, (amount / top) * 34);
        return (
          <rect key={i} x={i * 6} y={36 - tall} width="5" height={tall}>
            <title>{`${label}: ${count(amount)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}

/** Shares of the reference and of now, side by side by bin. */
export function ComparedBars(props: { labels: string[]; reference: number[]; current: number[]; label: string }) {
  const top = Math.max(1e-9, ...props.reference, ...props.current);
  const bins = props.labels.length;
  const slot = Math.max(22, Math.min(56, 640 / Math.max(1, bins)));
  const height = 150;
  const wide = slot * bins;
  const every = Math.ceil(bins / Math.floor(wide / 52 || 1));
  return (
    <div class="compared">
      <svg viewBox={`0 0 ${wide} ${height + 22}`} style={{ width: `${wide}px` }} role="img" aria-label={props.label} data-bins={bins}>
        <line x1="0" x2={wide} y1={height + 0.5} y2={height + 0.5} class="base" />
        {props.labels.map((label, i) => {
          const bar = (slot - 6) / 2;
          const tall = (share: number | undefined) => ((share ?? 0) / top) * (height - 8);
          const text = `${label}: reference ${percent(props.reference[i])}, now ${percent(props.current[i])}`;
          return (
            <g key={label}>
              <title>{text}</title>
              <rect class="ref" x={i * slot + 3} y={height - tall(props.reference[i])} width={bar} height={tall(props.reference[i])} />
              <rect class="cur" x={i * slot + 3 + bar} y={height - tall(props.current[i])} width={bar} height={tall(props.current[i])} />
              <rect x={i * slot} y="0" width={slot} height={height} fill="transparent" />
              {i % every === 0 && (
                <text x={i * slot + slot / 2} y={height + 15} text-anchor="middle">
                  {label.length > 9 ? `${label.slice(0, 8)}…` : label}
                </text>
              )}
            </g>
          );
        })}
      </svg>
    </div>
  );
}

/** Named values as horizontal bars. */
export function RankedBars(props: { items: readonly { name: string; value: number; note?: string }[]; format?: (value: number) => string }) {
  const top = Math.max(1e-12, ...props.items.map((item) => item.value));
  const format = props.format ?? ((value: number) => measure(value, 3));
  return (
    <ol class="ranked">
      {props.items.map((item) => (
        <li key={item.name}>
          <span class="ranked-name" title={item.name}>
            {item.name}
          </span>
          <span class="ranked-bar" aria-hidden="true">
            <span style={{ width: `${Math.max(0.5, (item.value / top) * 100)}%` }} />
          </span>
          <span class="ranked-value">{item.note ?? format(item.value)}</span>
        </li>
      ))}
    </ol>
  );
}

export function TopValues(props: { values: readonly { value: unknown; count: number }[]; total: number }) {
  return (
    <RankedBars
      items={props.values.slice(0, 5).map((each) => ({
        name: inline(each.value),
        value: each.count,
        note: percent(props.total > 0 ? each.count / props.total : 0),
      }))}
    />
  );
}

/** A line of values with its limit; points beyond the limit are marked. */
export function Spark(props: { values: readonly (number | null)[]; limit?: number; label: string; width?: number }) {
  const wide = props.width ?? 140;
  const tall = 26;
  const known = props.values.filter((value): value is number => value !== null);
  const top = Math.max(props.limit ?? 0, ...known, 1e-9) * 1.1;
  const step = wide / Math.max(1, props.values.length - 1);
  const x = (i: number) => (props.values.length === 1 ? wide / 2 : i * step);
  const y = (value: number) => tall - 2 - (value / top) * (tall - 5);
  const path = props.values
    .map((value, i) => (value === null ? '' : `${i === 0 || props.values[i - 1] === null ? 'M' : 'L'}${x(i).toFixed(1)} ${y(value).toFixed(1)}`))
    .join('');
  return (
    <svg class="spark" viewBox={`-3 0 ${wide + 6} ${tall}`} width={wide} height={tall} role="img" aria-label={props.label}>
      {props.limit !== undefined && <line class="limit" x1="0" x2={wide} y1={y(props.limit)} y2={y(props.limit)} />}
      <path d={path} />
      {props.values.map((value, i) =>
        value !== null && props.limit !== undefined && value > props.limit ? <circle key={i} cx={x(i)} cy={y(value)} r="2" /> : null,
      )}
    </svg>
  );
}

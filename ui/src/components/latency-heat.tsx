/** How long requests took, over time: a column a slot, a row a band of latency on a log scale. */
import type { Traffic } from '../api/endpoints';
import { absolute, count, duration } from '../format';

const rowsMin = 6;
const levels = 6;

export function LatencyHeat(props: { traffic: Traffic }) {
  const { buckets, band_ends_ms } = props.traffic;
  const seen = buckets.flatMap((bucket) => bucket.bands.map(([band]) => band));
  if (seen.length === 0) return <p class="muted note-line">Nobody asked in this time.</p>;
  const low = Math.max(0, Math.min(...seen) - 1);
  const high = Math.min(band_ends_ms.length - 1, Math.max(Math.max(...seen) + 1, low + rowsMin));
  const rows = high - low + 1;
  const most = Math.max(...buckets.flatMap((bucket) => bucket.bands.map(([, requests]) => requests)));
  const slots = buckets.length;
  const label = `Latency over time: from ${duration(band_ends_ms[low])} to ${duration(band_ends_ms[high])}, at most ${count(most)} requests in a field`;
  return (
    <div class="heat">
      <div class="heat-scale" aria-hidden="true">
        <span>{duration(band_ends_ms[high])}</span>
        <span>{duration(band_ends_ms[Math.floor((low + high) / 2)])}</span>
        <span>{duration(band_ends_ms[low])}</span>
      </div>
      <svg viewBox={`0 0 ${slots} ${rows}`} preserveAspectRatio="none" role="img" aria-label={label} data-columns={slots}>
        {buckets.map((bucket, x) =>
          bucket.bands.map(([band, requests]) => (
            <rect key={`${bucket.start_ms}/${band}`} x={x} y={high - band} width={1} height={1} class={`heat-${levelOf(requests, most)}`}>
              <title>{`${absolute(bucket.start_ms)}: ${count(requests)} requests took up to ${duration(band_ends_ms[band])}`}</title>
            </rect>
          )),
        )}
      </svg>
    </div>
  );
}

/** Few requests are to be seen beside many: the level goes by the logarithm. */
export function levelOf(requests: number, most: number): number {
  if (most <= 1) return levels;
  return Math.max(1, Math.ceil((Math.log(requests + 1) / Math.log(most + 1)) * levels));
}

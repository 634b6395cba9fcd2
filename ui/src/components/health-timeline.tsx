/** Alerts, decisions of the loop and deployments on the axis of the windows, and the same as a list. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { HealthWindow, TimelineEntry } from '../api/monitors';
import { eventTime } from '../format';
import { subjectPath } from '../links';
import { slotOf } from '../slices';
import { Badge, When } from './basics';

/** What the charts leave free at both sides, so that one instant is one place in all of them. */
const axis_px = 52;
const right_px = 12;
const lane_px = 26;
const listedMax = 30;

export const timelineKinds = [
  { kind: 'deployment', label: 'Versions', colour: 1 },
  { kind: 'decision', label: 'Loop', colour: 4 },
  { kind: 'alert', label: 'Alerts', colour: 3 },
] as const;

const tones: Record<string, string> = { promote: 'succeeded', roll_back: 'failed', hold: 'held', starting: 'canary' };

export function HealthTimeline(props: { windows: readonly HealthWindow[]; entries: readonly TimelineEntry[] }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  const [all, setAll] = useState(false);
  useLayoutEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() => setWidth(Math.max(160, element.clientWidth)));
    observer.observe(element);
    setWidth(Math.max(160, element.clientWidth));
    return () => observer.disconnect();
  }, []);
  const slots = Math.max(1, props.windows.length - 1);
  const x = (entry: TimelineEntry) => axis_px + ((width - axis_px - right_px) * slotOf(props.windows, entry.event_time_ms)) / slots;
  const listed = all ? props.entries : props.entries.slice(0, listedMax);
  return (
    <>
      <div ref={box} class="health-lanes">
        <svg width={width} height={lane_px * timelineKinds.length} role="img" aria-label={`${props.entries.length} alerts, decisions and deployments over time`}>
          {timelineKinds.map(({ kind, label, colour }, lane) => (
            <g key={kind} data-lane={kind}>
              <line x1={axis_px} x2={width - right_px} y1={lane * lane_px + lane_px / 2} y2={lane * lane_px + lane_px / 2} class="lane" />
              <text x={0} y={lane * lane_px + lane_px / 2 + 4}>
                {label}
              </text>
              {props.entries
                .filter((entry) => entry.kind === kind)
                .map((entry, i) => (
                  <a key={i} href={subjectPath(entry.subject)} aria-label={`${entry.title}: ${entry.detail}`}>
                    <circle
                      cx={x(entry)}
                      cy={lane * lane_px + lane_px / 2}
                      r="5"
                      style={{ fill: entry.kind === 'alert' && entry.state !== 'open' ? 'var(--surface)' : `var(--c${colour + 1})`, stroke: `var(--c${colour + 1})` }}
                    >
                      <title>{`${eventTime(entry.event_time_ms).slice(0, 16)} · ${entry.title}: ${entry.detail}`}</title>
                    </circle>
                  </a>
                ))}
            </g>
          ))}
        </svg>
      </div>
      <ol class="health-entries" aria-label="What was done and noticed">
        {listed.map((entry, i) => (
          <li key={i}>
            <span class="figures muted">{eventTime(entry.event_time_ms).slice(0, 16)}</span>
            <Badge state={tones[entry.state] ?? entry.state} label={entry.kind === 'alert' ? `alert ${entry.state}` : entry.state.replace(/_/g, ' ')} />
            <span class="health-entry">
              <a href={subjectPath(entry.subject)} data-row={subjectPath(entry.subject)}>
                {entry.title}
              </a>{' '}
              <span class="muted">{entry.detail}</span>
            </span>
            <span class="muted">
              <When ms={entry.time_ms} />
            </span>
          </li>
        ))}
      </ol>
      {props.entries.length > listed.length && (
        <button type="button" class="plain" onClick={() => setAll(true)}>
          All {props.entries.length}
        </button>
      )}
    </>
  );
}

/** Drift of every feature in every window: a row a feature, a column a window, darker the nearer to the limit. */
import { useRef, useState } from 'preact/hooks';
import type { FeatureDrift, HealthWindow } from '../api/monitors';
import { measure, windowText } from '../format';
import type { FeatureLine } from '../series';

/** As many as stand beside one another; older windows are reached by the span. */
const windowsMax = 60;
const featuresMax = 60;
const levels = 5;

type DriftOf = Pick<HealthWindow, 'start_ms' | 'end_ms' | 'features' | 'complete'>;

/** `over` and `far` beside the limit (twice as far), else how near to it in fifths; `none` without a score. */
export function levelOfDrift(feature: FeatureDrift | undefined): string {
  if (!feature || feature.score === null) return 'none';
  const [above, below] = feature.is_chance ? [feature.threshold, feature.score] : [feature.score, feature.threshold];
  const share = above / Math.max(below, 1e-12);
  if (feature.drifted) return share >= 2 ? 'far' : 'over';
  return String(Math.max(0, Math.min(levels, Math.floor(share * levels))));
}

const reasons: Record<string, string> = {
  not_enough_data: 'not enough data',
  missing_column: 'the column is missing',
  not_applicable: 'cannot be compared',
};

function told(name: string, window: DriftOf, feature: FeatureDrift | undefined): string {
  const when = windowText(window.start_ms, window.end_ms);
  if (!feature) return `${name}, ${when}: not watched then`;
  if (feature.score === null) return `${name}, ${when}: ${reasons[feature.status] ?? 'no score'}`;
  const verdict = !window.complete ? ', not over yet' : feature.drifted ? ', drifted' : '';
  const note = feature.note ? ` (${feature.note})` : '';
  return `${name}, ${when}: ${feature.method} ${measure(feature.score, 3)}, limit ${measure(feature.threshold, 3)}${verdict}${note}`;
}

export function DriftHeat(props: {
  lines: readonly FeatureLine[];
  windows: readonly DriftOf[];
  names: readonly string[];
  feature: string;
  window: number;
  onPick: (feature: string, start_ms: number) => void;
}) {
  const windows = props.windows.slice(-windowsMax);
  const left = props.windows.length - windows.length;
  const lines = props.lines.slice(0, featuresMax);
  const chosenRow = Math.max(0, lines.findIndex((line) => line.name === props.feature));
  const chosenColumn = Math.max(0, windows.findIndex((window) => window.start_ms === props.window));
  const [at, setAt] = useState<{ row: number; column: number } | undefined>();
  const row = Math.min(at?.row ?? chosenRow, lines.length - 1);
  const column = Math.min(at?.column ?? chosenColumn, windows.length - 1);
  const grid = useRef<HTMLTableElement>(null);

  const move = (event: KeyboardEvent) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -windows.length], End: [0, windows.length] }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = {
      row: Math.max(0, Math.min(lines.length - 1, row + step[0]!)),
      column: Math.max(0, Math.min(windows.length - 1, column + step[1]!)),
    };
    setAt(next);
    grid.current?.querySelector<HTMLButtonElement>(`button[data-cell="${next.row}/${next.column}"]`)?.focus();
  };

  return (
    <>
      <div class="drift-heat">
        <table ref={grid} role="grid" aria-label="Drift of each feature by window" aria-rowcount={lines.length} onKeyDown={move}>
          <tbody>
            {lines.map((line, y) => (
              <tr key={line.name} aria-current={line.name === props.feature ? 'true' : undefined}>
                <th scope="row" title={line.name}>
                  {line.name}
                </th>
                {windows.map((window, x) => {
                  const feature = window.features.find((each) => each.name === line.name);
                  const level = levelOfDrift(feature);
                  const isPicked = line.name === props.feature && window.start_ms === props.window;
                  const text = told(line.name, window, feature);
                  return (
                    <td key={window.start_ms} role="gridcell" aria-selected={isPicked}>
                      <button
                        type="button"
                        class={`drift-${level}${isPicked ? ' picked' : ''}${window.complete ? '' : ' filling'}`}
                        data-cell={`${y}/${x}`}
                        tabIndex={y === row && x === column ? 0 : -1}
                        aria-label={text}
                        title={text}
                        onClick={() => {
                          setAt({ row: y, column: x });
                          props.onPick(line.name, window.start_ms);
                        }}
                      >
                        {level === 'none' ? '·' : level === 'over' || level === 'far' ? '!' : ''}
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="drift-ends muted" aria-hidden="true">
        <span>{props.names[left]}</span>
        <span>{props.names[props.names.length - 1]}</span>
      </p>
      <ul class="share-legend drift-legend">
        <li>
          <span class="drift-swatch drift-1" />
          <span class="drift-swatch drift-3" />
          <span class="drift-swatch drift-5" /> nearer to the limit
        </li>
        <li>
          <span class="drift-swatch drift-over" /> drifted
        </li>
        <li>
          <span class="drift-swatch drift-far" /> twice the limit
        </li>
        <li>
          <span class="drift-swatch drift-none">·</span> not enough data
        </li>
        {left > 0 && <li>{left} older windows are not shown</li>}
        {props.lines.length > lines.length && <li>{props.lines.length - lines.length} features further from their limits are not shown</li>}
      </ul>
    </>
  );
}

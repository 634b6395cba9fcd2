/** Slices of a log: what the server names them, and the condition that is typed for one. */

const quoted = (name: string) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replace(/"/g, '""')}"`);
const literal = (text: string) => `'${text.replace(/'/g, "''")}'`;
const range = /^(-?[\d.]+(?:e[+-]?\d+)?) to (-?[\d.]+(?:e[+-]?\d+)?)$/i;

/**
 * The condition over the log's columns that finds a slice again: "AA", "120 to 340", "missing".
 * Undefined for "other", which is what no value of the list is. The bounds of a range have the six
 * digits that are shown, and both belong to it.
 */
export function sliceCondition(input: string, value: string): string | undefined {
  const column = quoted(`input_${input}`);
  if (value === 'other') return undefined;
  if (value === 'missing') return `${column} IS NULL`;
  const bounds = range.exec(value);
  if (bounds) return `${column} BETWEEN ${bounds[1]} AND ${bounds[2]}`;
  return `${column} = ${literal(value)}`;
}

/** The condition that finds false positives or negatives again, as the monitor judges answers. */
export function mistakeCondition(rule: { probability_output: string; decision_threshold: number; positive_label: string }, kind: 'false_positive' | 'false_negative'): string {
  const said = `${quoted(`output_${rule.probability_output}`)} ${kind === 'false_positive' ? '>=' : '<'} ${rule.decision_threshold}`;
  const was = kind === 'false_positive' ? `(outcome < 0.5 OR outcome_text <> ${literal(rule.positive_label)})` : `(outcome >= 0.5 OR outcome_text = ${literal(rule.positive_label)})`;
  return `${said} AND ${was}`;
}

/** Narrows a slice by another condition. */
export function narrowed(where: string, condition: string): string {
  const safe = (text: string) => (/ or /i.test(text) ? `(${text})` : text);
  return where === '' ? condition : `${safe(where)} AND ${safe(condition)}`;
}

interface Placed {
  start_ms: number;
  end_ms: number;
}

/**
 * Where an instant of the data's time stands on an axis that counts windows, which may have gaps
 * between them: a window's point is its middle. Kept within the axis.
 */
export function slotOf(windows: readonly Placed[], instant_ms: number): number {
  const last = windows.length - 1;
  let at = -0.5;
  for (let i = 0; i <= last; i += 1) {
    const window = windows[i]!;
    if (instant_ms < window.start_ms) break;
    const share = Math.min(1, (instant_ms - window.start_ms) / Math.max(1, window.end_ms - window.start_ms));
    at = i - 0.5 + share;
  }
  return Math.max(0, Math.min(last, at));
}

/**
 * A column of runs as an axis can show it: numbers as they are, anything else as names in order.
 * A param is text, but one whose every value reads as a number is a number.
 */

export interface Field {
  label: string;
  /** One for each run; NaN where the run has none. For named fields an index into `names`. */
  values: readonly number[];
  names?: readonly string[];
}

const numeric = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

export function fieldOf(label: string, raw: readonly (string | number | undefined)[]): Field {
  const isNumber = (value: string | number | undefined) => value === undefined || typeof value === 'number' || numeric.test(value) || /^-?(nan|infinity)$/i.test(value);
  if (raw.every(isNumber)) {
    return { label, values: raw.map((value) => (value === undefined ? NaN : typeof value === 'number' ? value : Number(value))) };
  }
  const collator = new Intl.Collator(undefined, { numeric: true });
  const names = [...new Set(raw.filter((value) => value !== undefined).map(String))].sort(collator.compare);
  const index = new Map(names.map((name, i) => [name, i]));
  return { label, names, values: raw.map((value) => (value === undefined ? NaN : index.get(String(value))!)) };
}

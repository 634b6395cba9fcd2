/**
 * Text of MLflow's search grammar: built from clicks, and read leniently from the search box, where
 * a bare word means "a run whose name holds it".
 */

const operator = /(!=|>=|<=|=|>|<|\s(?:i?like|in|is)\s)/i;

/** What to send for what was typed. */
export function toFilter(typed: string): string {
  const text = typed.trim();
  if (text === '' || operator.test(text)) return text;
  return `attributes.run_name ILIKE ${quoteText(`%${text}%`)}`;
}

/** A key as the grammar wants it: plain where it can be, in backquotes otherwise. */
export function quoteKey(key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? key : `\`${key}\``;
}

/** The grammar has no escapes: the quote that the text does not hold is used. */
export function quoteText(text: string): string {
  return text.includes("'") ? `"${text}"` : `'${text}'`;
}

export type ColumnKind = 'attributes' | 'metrics' | 'params' | 'tags';

export function clause(kind: ColumnKind, key: string, comparison: string, value: string | number): string {
  const right = typeof value === 'number' ? String(value) : quoteText(value);
  return `${kind}.${quoteKey(key)} ${comparison} ${right}`;
}

/** Adds a clause unless the filter already has it. */
export function withClause(filter: string, added: string): string {
  const current = toFilter(filter);
  if (current === '') return added;
  return current.includes(added) ? current : `${current} AND ${added}`;
}

/** A table column as it stands in the URL: `metrics.auc`, `params.max_depth`, `start_time`. */
export interface ColumnRef {
  kind: ColumnKind;
  key: string;
}

export function parseColumn(text: string): ColumnRef {
  const dot = text.indexOf('.');
  const kind = text.slice(0, dot);
  if (kind === 'metrics' || kind === 'params' || kind === 'tags') return { kind, key: text.slice(dot + 1) };
  return { kind: 'attributes', key: text };
}

export function columnText(column: ColumnRef): string {
  return column.kind === 'attributes' ? column.key : `${column.kind}.${column.key}`;
}

/** `-metrics.auc` in the URL is `metrics.auc DESC` for the server. */
export function toOrderBy(sort: string | undefined): string[] {
  if (!sort) return [];
  const descending = sort.startsWith('-');
  const { kind, key } = parseColumn(descending ? sort.slice(1) : sort);
  return [`${kind}.${quoteKey(key)} ${descending ? 'DESC' : 'ASC'}`];
}

/** What a click on a column's heading does: first descending for figures, else ascending, then the other way. */
export function nextSort(current: string | undefined, column: string): string {
  if (current === `-${column}`) return column;
  if (current === column) return `-${column}`;
  return column.startsWith('params.') || column.startsWith('tags.') || column === 'run_name' ? column : `-${column}`;
}

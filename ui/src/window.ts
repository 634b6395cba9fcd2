/** Which rows and columns of a large table are in sight. */

/** First, and one past the last. */
export type Span = readonly [number, number];

/** Rows drawn beyond the edges; the window moves in steps, so that most scrolling draws nothing new. */
const rowsBeyond = 10;
const rowStep = 6;
const columnsBeyond = 3;
const columnStep = 4;

export function rowWindow(top: number, height: number, row_px: number, count: number): Span {
  const first = Math.floor(Math.floor(top / row_px) / rowStep) * rowStep - rowsBeyond;
  const last = Math.ceil(Math.ceil((top + height) / row_px) / rowStep) * rowStep + rowsBeyond;
  return [Math.max(0, Math.min(first, count)), Math.max(0, Math.min(last, count))];
}

/** Columns in sight, and the widths of those left and right of them. */
export function columnWindow(columns: readonly { width_px: number }[], left: number, width: number): { span: Span; before: number; after: number } {
  let x = 0;
  let first = columns.length;
  let last = columns.length;
  const edges: number[] = [];
  for (let i = 0; i < columns.length; i += 1) {
    edges.push(x);
    x += columns[i]!.width_px;
    if (first === columns.length && x > left) first = i;
    if (last === columns.length && x >= left + width) last = i + 1;
  }
  edges.push(x);
  first = Math.floor(first / columnStep) * columnStep;
  last = Math.ceil(last / columnStep) * columnStep;
  const span: Span = [Math.max(0, first - columnsBeyond), Math.min(columns.length, last + columnsBeyond)];
  return { span, before: edges[span[0]]!, after: x - edges[span[1]]! };
}

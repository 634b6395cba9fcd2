/**
 * A table of any size: only the rows and columns in sight are drawn, the first columns can be
 * pinned. It stays a `table` for those who listen to it, with its true numbers of rows and columns.
 */
import { Component, type ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { columnWindow, rowWindow, type Span } from '../window';

export interface GridColumn<T> {
  id: string;
  label: ComponentChildren;
  /** The heading in full, where it may be cut off. */
  title?: string;
  width_px: number;
  cell: (row: T) => ComponentChildren;
  number?: boolean;
  pinned?: boolean;
  sort?: { direction: 'ascending' | 'descending' | undefined; toggle: () => void };
}

/** The part of a grid that is drawn; ends are exclusive. Columns are counted without the pinned ones. */
export interface InSight {
  rows: Span;
  columns: Span;
}

export interface GridProps<T> {
  label: string;
  /** Pinned ones first. */
  columns: readonly GridColumn<T>[];
  rowCount: number;
  /** Undefined while a row has not been read. */
  rowAt: (index: number) => T | undefined;
  rowKey: (row: T) => string;
  /** Anything whose change changes how a row looks, beside the row itself. */
  rowState: (row: T) => string;
  to?: (row: T) => string | undefined;
  onSight?: (sight: InSight) => void;
  height: string;
}

export const rowHeight_px = 33;
/** Browsers do not draw elements taller than about 33 million pixels. */
export const rowsMost = 1_000_000;

interface View {
  top: number;
  left: number;
  width: number;
  height: number;
}

export function Grid<T>(props: GridProps<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>({ top: 0, left: 0, width: 1200, height: 700 });
  const latest = useRef<(view: View) => string>(() => '');
  const look = () => {
    const element = box.current;
    if (!element) return;
    const next = { top: element.scrollTop, left: element.scrollLeft, width: element.clientWidth, height: element.clientHeight };
    // A pinned cell is a layer of its own to the browser: only worth it once there is something to be pinned against.
    element.classList.toggle('aside', next.left > 0);
    // Most scrolling moves within what is drawn already.
    setView((before) => (latest.current(before) === latest.current(next) ? before : next));
  };
  useLayoutEffect(() => {
    look();
    const observer = new ResizeObserver(look);
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);

  const pinned = props.columns.filter((column) => column.pinned);
  const free = props.columns.slice(pinned.length);
  const pinnedWidth = pinned.reduce((sum, column) => sum + column.width_px, 0);
  const count = Math.min(props.rowCount, rowsMost);
  const across = (of: View) => columnWindow(free, of.left, Math.max(0, of.width - Math.min(pinnedWidth, of.width / 2)));
  const down = (of: View) => rowWindow(of.top, of.height, rowHeight_px, count);
  latest.current = (of) => `${down(of).join()} ${across(of).span.join()}`;
  const rows = down(view);
  const { span: columns, before, after } = across(view);
  const shown = [...pinned, ...free.slice(columns[0], columns[1])];

  const { onSight } = props;
  useEffect(() => {
    onSight?.({ rows, columns });
  }, [onSight, rows[0], rows[1], columns[0], columns[1], count, props.columns]);

  let left = 0;
  const lefts = pinned.map((column) => (left += column.width_px) - column.width_px);
  // What a row draws changes with these; a row compares them by identity.
  const layout = useStable({ shown, pinned: pinned.length, lefts, before, after, offset: columns[0] });
  const width = pinnedWidth + before + after + shown.slice(pinned.length).reduce((sum, column) => sum + column.width_px, 0);
  const lines = [];
  for (let index = rows[0]; index < rows[1]; index += 1) {
    const row = props.rowAt(index);
    lines.push(
      <GridRow
        key={row === undefined ? `unread-${index}` : props.rowKey(row)}
        row={row}
        index={index}
        layout={layout}
        state={row === undefined ? '' : props.rowState(row)}
        to={row === undefined ? undefined : props.to?.(row)}
      />,
    );
  }
  const pad = (amount: number) => (amount > 0 ? <tr class="pad" aria-hidden="true" style={{ height: `${amount * rowHeight_px}px` }} /> : null);
  return (
    <div class="table-box grid" ref={box} tabIndex={0} role="region" aria-label={`${props.label}, scrolls`} style={{ maxHeight: props.height }} onScroll={look}>
      <table aria-label={props.label} aria-rowcount={props.rowCount + 1} aria-colcount={props.columns.length} style={{ width: `max(100%, ${width}px)` }}>
        <colgroup>
          {pinned.map((column) => (
            <col key={column.id} style={{ width: `${column.width_px}px` }} />
          ))}
          {before > 0 && <col key="before" style={{ width: `${before}px` }} />}
          {shown.slice(pinned.length).map((column) => (
            <col key={column.id} style={{ width: `${column.width_px}px` }} />
          ))}
          {after > 0 && <col key="after" style={{ width: `${after}px` }} />}
          <col key="rest" />
        </colgroup>
        <thead>
          <tr>
            {shown.map((column, i) => (
              <Cells key={column.id} layout={layout} at={i} head>
                <Heading column={column} left={i < pinned.length ? lefts[i] : undefined} index={i < pinned.length ? i + 1 : columns[0] + i + 1} />
              </Cells>
            ))}
            {after > 0 && <th class="gap" aria-hidden="true" />}
            <th class="gap" aria-hidden="true" />
          </tr>
        </thead>
        <tbody>
          {pad(rows[0])}
          {lines}
          {pad(count - rows[1])}
        </tbody>
      </table>
    </div>
  );
}

interface Layout<T> {
  shown: readonly GridColumn<T>[];
  pinned: number;
  lefts: readonly number[];
  before: number;
  after: number;
  offset: number;
}

/** The same object as long as what is in it is the same. */
function useStable<T>(layout: Layout<T>): Layout<T> {
  const kept = useRef(layout);
  const old = kept.current;
  const same =
    old.before === layout.before &&
    old.after === layout.after &&
    old.offset === layout.offset &&
    old.shown.length === layout.shown.length &&
    old.shown.every((column, i) => column === layout.shown[i]);
  if (!same) kept.current = layout;
  return kept.current;
}

/** A cell, after the gap that stands for the columns left of those in sight where it begins. */
function Cells<T>(props: { layout: Layout<T>; at: number; head?: boolean; children: ComponentChildren }) {
  const gap = props.at === props.layout.pinned && props.layout.before > 0;
  return (
    <>
      {gap && (props.head ? <th class="gap" aria-hidden="true" /> : <td class="gap" aria-hidden="true" />)}
      {props.children}
    </>
  );
}

function cellClass<T>(column: GridColumn<T>): string | undefined {
  return [column.number && 'number', column.pinned && 'pinned'].filter(Boolean).join(' ') || undefined;
}

function Heading<T>(props: { column: GridColumn<T>; left: number | undefined; index: number }) {
  const { column } = props;
  return (
    <th
      scope="col"
      class={cellClass(column)}
      aria-sort={column.sort?.direction}
      aria-colindex={props.index}
      title={column.title}
      style={props.left === undefined ? undefined : { left: `${props.left}px` }}
    >
      {column.sort ? (
        <button type="button" class="sort" onClick={column.sort.toggle}>
          <span class="heading-text">{column.label}</span>
          <span class="arrow" aria-hidden="true">
            {column.sort.direction === 'ascending' ? '↑' : column.sort.direction === 'descending' ? '↓' : ''}
          </span>
        </button>
      ) : (
        column.label
      )}
    </th>
  );
}

interface RowProps<T> {
  row: T | undefined;
  index: number;
  layout: Layout<T>;
  state: string;
  to: string | undefined;
}

/** Draws again only when something of it changed: while scrolling most rows stay as they are. */
class GridRow<T> extends Component<RowProps<T>> {
  override shouldComponentUpdate(next: RowProps<T>): boolean {
    const now = this.props;
    return now.row !== next.row || now.index !== next.index || now.layout !== next.layout || now.state !== next.state || now.to !== next.to;
  }

  override render({ row, index, layout, to }: RowProps<T>) {
    return (
      <tr tabIndex={to ? -1 : undefined} data-row={to} aria-rowindex={index + 2} aria-busy={row === undefined ? 'true' : undefined}>
        {layout.shown.map((column, i) => (
          <Cells key={column.id} layout={layout} at={i}>
            <td
              class={cellClass(column)}
              aria-colindex={i < layout.pinned ? i + 1 : layout.offset + i + 1}
              style={i < layout.pinned ? { left: `${layout.lefts[i]}px` } : undefined}
            >
              {row === undefined ? <span class="unread" /> : column.cell(row)}
            </td>
          </Cells>
        ))}
        {layout.after > 0 && <td class="gap" aria-hidden="true" />}
        <td class="gap" aria-hidden="true" />
      </tr>
    );
  }
}

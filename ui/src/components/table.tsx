/**
 * Tables. All are keyboard-walkable (`data-row` carries where Enter leads) and scroll sideways in
 * their own box; long ones draw only the rows in sight.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export interface TableColumn<T> {
  id: string;
  label: ComponentChildren;
  cell: (row: T) => ComponentChildren;
  /** Figures stand at the right. */
  number?: boolean;
  /** Takes the space that is left and is cut off with dots. */
  grow?: boolean;
  /** Says what another column says in other words, and is left out where there is no room. */
  spare?: boolean;
  sort?: { direction: 'ascending' | 'descending' | undefined; toggle: () => void };
}

const rowHeight_px = 33;
const overscan = 12;
/** Below this all rows are drawn: simpler for the reader's own search. */
const virtualFrom = 120;

export function Table<T>(props: {
  label: string;
  columns: readonly TableColumn<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string | number;
  /** Where the row leads; without it the row is text. */
  to?: (row: T) => string | undefined;
  current?: (row: T) => boolean;
  /** Asked for when the last rows come into sight. */
  onEnd?: () => void;
  /** Gives the table its own scroll box of this height, in CSS terms. */
  height?: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 900 });
  const virtual = props.height !== undefined && props.rows.length > virtualFrom;

  const measureView = () => {
    const element = box.current;
    if (element) setView({ top: element.scrollTop, height: element.clientHeight });
  };
  useEffect(() => {
    if (virtual) measureView();
  }, [virtual]);

  const first = virtual ? Math.max(0, Math.floor(view.top / rowHeight_px) - overscan) : 0;
  const last = virtual ? Math.min(props.rows.length, Math.ceil((view.top + view.height) / rowHeight_px) + overscan) : props.rows.length;
  const { onEnd } = props;
  useEffect(() => {
    if (onEnd && last >= props.rows.length) onEnd();
  }, [last, props.rows.length, onEnd]);

  const pad = (rows: number) => (rows > 0 ? <tr class="pad" aria-hidden="true" style={{ height: `${rows * rowHeight_px}px` }} /> : null);

  return (
    <div class="table-box" ref={box} style={props.height ? { maxHeight: props.height } : undefined} onScroll={virtual ? measureView : undefined}>
      <table aria-label={props.label} aria-rowcount={props.rows.length + 1}>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column.id} scope="col" class={columnClass(column)} aria-sort={column.sort?.direction}>
                {column.sort ? (
                  <button type="button" class="sort" onClick={column.sort.toggle}>
                    {column.label}
                    <span class="arrow" aria-hidden="true">
                      {column.sort.direction === 'ascending' ? '↑' : column.sort.direction === 'descending' ? '↓' : ''}
                    </span>
                  </button>
                ) : (
                  column.label
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {pad(first)}
          {props.rows.slice(first, last).map((row, offset) => {
            const to = props.to?.(row);
            return (
              <tr
                key={props.rowKey(row)}
                tabIndex={to ? -1 : undefined}
                data-row={to}
                aria-rowindex={first + offset + 2}
                aria-current={props.current?.(row) ? 'true' : undefined}
              >
                {props.columns.map((column) => (
                  <td key={column.id} class={columnClass(column)}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          {pad(props.rows.length - last)}
        </tbody>
      </table>
    </div>
  );
}

function columnClass<T>(column: TableColumn<T>): string | undefined {
  return [column.number && 'number', column.grow && 'grow', column.spare && 'spare'].filter(Boolean).join(' ') || undefined;
}

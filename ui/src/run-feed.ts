/**
 * The runs behind a long table: pages are read as far as the reader has scrolled, columns as they
 * come into sight, and a change on the server is read again without losing the place.
 */
import { searchRunRows, countRuns, type ColumnName, type RunQuery, type RunRow } from './api/tracking';

/** Runs of one request. Far down they are read by more and without values, which are read where somebody looks. */
const firstPage = 100;
const laterPage = 500;
const farPage = 10_000;
const farRows = 2_000;
/** Columns that come with the pages; those further right are read when they are scrolled to. */
export const columnsWithPages = 40;
const idsPerFill = 60;
/** A list read further than this is not read again by itself; the reader is told that it is old. */
const refreshedMost = 3_000;

/** Where a feed reads; the server's API, or a test's. */
export interface RunSource {
  search: typeof searchRunRows;
  count: typeof countRuns;
}

export const server: RunSource = { search: searchRunRows, count: countRuns };

export const idFilter = (ids: readonly string[]) => `attributes.run_id IN (${ids.map((id) => `'${id}'`).join(', ')})`;

export class RunFeed {
  rows: RunRow[] = [];
  /** Number of all runs that match, as soon as it is known. */
  total: number | undefined;
  error: Error | undefined;
  /** Something changed on the server that is not shown yet. */
  stale = false;

  private next: string | undefined;
  private begun = false;
  private ended = false;
  private wanted = 0;
  private reading: Promise<void> | undefined;
  /** Columns read of each run; runs of one page share a set. */
  private readonly filled = new Map<string, ReadonlySet<ColumnName>>();
  private filling = false;
  /** All rows are wanted with all values. */
  private whole = false;
  private columns: readonly ColumnName[];
  private readonly stop = new AbortController();

  constructor(
    readonly query: RunQuery,
    columns: readonly ColumnName[],
    private readonly changed: () => void,
    private readonly source: RunSource = server,
  ) {
    this.columns = columns.slice(0, columnsWithPages);
  }

  /** True once the first answer is there. */
  get ready(): boolean {
    return this.begun;
  }

  /** How many rows the table has: all that match, or those read so far while that is not known. */
  get length(): number {
    return this.ended ? this.rows.length : Math.max(this.total ?? 0, this.rows.length);
  }

  close(): void {
    this.stop.abort();
  }

  /** Other columns come with the pages from here on; what rows lack of them is filled where somebody looks. */
  show(columns: readonly ColumnName[]): void {
    this.columns = columns.slice(0, columnsWithPages);
  }

  /** Reads pages until row `last` is there. */
  need(last: number): void {
    this.wanted = Math.max(this.wanted, last);
    if (this.reading || this.error || this.ended || (this.begun && this.rows.length > this.wanted)) return;
    this.reading = this.readPages().finally(() => {
      this.reading = undefined;
    });
  }

  /** Reads all rows, `most` at most, with every one of the columns. */
  async readAll(most: number, columns: readonly ColumnName[]): Promise<void> {
    this.columns = columns;
    this.whole = true;
    this.need(most);
    await this.reading;
  }

  retry(): void {
    this.error = undefined;
    this.need(this.wanted);
  }

  /** Counts and reads again what is shown, after something changed on the server. */
  async refresh(): Promise<void> {
    if (this.rows.length > refreshedMost) {
      this.stale = true;
      this.changed();
      return;
    }
    await this.reading;
    const shown = Math.max(firstPage, this.rows.length);
    try {
      const [page, total] = await Promise.all([
        this.source.search({ ...this.query, columns: this.columns, max_results: shown }, this.stop.signal),
        this.source.count(this.query, this.stop.signal),
      ]);
      // What was read for columns further right still stands until it is read again.
      const before = new Map(this.rows.map((row) => [row.run_id, row]));
      this.rows = page.runs.map((row) => ({ ...row, values: { ...before.get(row.run_id)?.values, ...row.values } }));
      this.filled.clear();
      this.mark(page.runs, this.columns);
      this.next = page.next_page_token;
      this.ended = !page.next_page_token;
      this.begun = true;
      this.total = total;
      this.error = undefined;
      this.stale = false;
    } catch (error) {
      this.fail(error);
    }
    this.changed();
  }

  /** Reads values of the rows in sight for columns that did not come with the pages. */
  async fill(first: number, last: number, columns: readonly ColumnName[]): Promise<void> {
    if (this.filling) return;
    const lacks = (row: RunRow) => columns.some((column) => !this.filled.get(row.run_id)?.has(column));
    const rows = this.rows.slice(first, last).filter(lacks).slice(0, idsPerFill);
    if (rows.length === 0) return;
    this.filling = true;
    try {
      await this.readValues(rows, columns.filter((column) => rows.some((row) => !this.filled.get(row.run_id)?.has(column))));
    } catch (error) {
      this.fail(error);
    }
    this.filling = false;
    this.changed();
  }

  /** Reads the latest values of runs that are under way: metric points make no events. */
  async follow(first: number, last: number, columns: readonly ColumnName[]): Promise<void> {
    const running = this.rows.slice(first, last).filter((row) => row.status === 'RUNNING').slice(0, idsPerFill);
    if (running.length === 0 || this.filling) return;
    try {
      await this.readValues(running, columns.slice(0, columnsWithPages));
      this.changed();
    } catch (error) {
      this.fail(error);
    }
  }

  private async readPages(): Promise<void> {
    try {
      if (!this.begun) void this.readCount();
      while (!this.ended && this.rows.length <= this.wanted) {
        const far = this.wanted - this.rows.length > farRows && !this.whole;
        const columns = far ? [] : this.columns;
        const max_results = far || this.whole ? farPage : this.begun ? laterPage : firstPage;
        const page = await this.source.search({ ...this.query, columns, max_results, page_token: this.next }, this.stop.signal);
        this.mark(page.runs, columns);
        this.rows = this.rows.concat(page.runs);
        this.next = page.next_page_token;
        this.ended = !page.next_page_token;
        this.begun = true;
        this.changed();
      }
    } catch (error) {
      this.fail(error);
      this.changed();
    }
  }

  private async readCount(): Promise<void> {
    try {
      this.total = await this.source.count(this.query, this.stop.signal);
      this.changed();
    } catch {
      // The list says why; without a number it only cannot say how long it is.
    }
  }

  private async readValues(rows: readonly RunRow[], columns: readonly ColumnName[]): Promise<void> {
    const ids = rows.map((row) => row.run_id);
    const page = await this.source.search(
      { experiment_ids: this.query.experiment_ids, filter: idFilter(ids), order_by: [], view: 'ALL', columns, max_results: ids.length },
      this.stop.signal,
    );
    const found = new Map(page.runs.map((row) => [row.run_id, row]));
    this.rows = this.rows.map((row) => {
      const fresh = found.get(row.run_id);
      return fresh ? { ...fresh, values: { ...row.values, ...fresh.values } } : row;
    });
    for (const id of ids) this.filled.set(id, new Set([...(this.filled.get(id) ?? []), ...columns]));
  }

  private mark(rows: readonly RunRow[], columns: readonly ColumnName[]): void {
    const set = new Set(columns);
    for (const row of rows) this.filled.set(row.run_id, set);
  }

  private fail(error: unknown): void {
    if (this.stop.signal.aborted) return;
    this.error = error instanceof Error ? error : new Error(String(error));
  }
}

/** The runs of experiments: search, sort, choose columns, group, select to compare, delete, restore. */
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { mountedFrom, noteTag, setExperimentTag } from '../api/experiments';
import { getExperiment } from '../api/mlflow';
import { groupKeysMost, listRunColumns, type ColumnName, type KnownColumns, type RunRow } from '../api/tracking';
import { cli } from '../cli';
import { Command, Empty, Failure, Page, ReadOnly, Skeleton } from '../components/basics';
import { ColumnChooser } from '../components/column-chooser';
import { ExperimentChooser } from '../components/experiment-chooser';
import { Grid, rowsMost, type GridColumn, type InSight } from '../components/grid';
import { Note } from '../components/note';
import { RunActions, comparedMost, selectedMost } from '../components/run-actions';
import { SearchField } from '../components/search-field';
import { fileName, save, toCsv } from '../csv';
import { nextSort } from '../filter';
import { grouped } from '../format';
import { runPath } from '../links';
import { onEvents } from '../live';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, setQuery } from '../router';
import { RunFeed } from '../run-feed';
import {
  candidateColumns,
  chosenColumns,
  columnWidth,
  differs,
  isPattern,
  isTree,
  orderedColumns,
  patternMost,
  patternText,
  queryOf,
  usualColumns,
  viewOf,
  type RunsView,
  type TreeRow,
} from '../runs-view';
import { theme } from '../theme';
import { RunGroups } from './run-groups';
import { cellText, identityColumns, valueColumn } from './run-columns';
import { useTree } from './run-tree';

/** Columns that are listed without a search; a search finds the others. */
const columnsListed = 300;
const settleMs = 500;
const followMs = 5_000;
const downloadMost = 100_000;
/** Rows by which a column is told to differ or not. */
const rowsCompared = 1_000;

export function Runs() {
  const view = viewOf(place.value.query);
  const one = view.experiment_ids.length === 1 ? view.experiment_ids[0]! : undefined;
  const experiment = useRead(one ? `experiment:${one}` : null, (signal) => getExperiment(one!, signal), { on: nouns.run });
  const known = useRead(`columns:${view.experiment_ids.join()}`, (signal) => listRunColumns({ experiment_ids: view.experiment_ids, max_results: columnsListed }, signal), {
    on: nouns.run,
  });
  const [selected, setSelected] = useState<readonly string[]>(() => place.value.query.get('selected')?.split(',').filter(Boolean) ?? []);
  // A choice of runs is one among those of the experiments that are looked at.
  const about = view.experiment_ids.join();
  const before = useRef(about);
  if (before.current !== about) {
    before.current = about;
    setSelected([]);
  }
  const select = (ids: readonly string[]) => {
    setSelected(ids.slice(-selectedMost));
    // A link carries as many as can be compared; more would not fit into an address.
    setQuery({ selected: ids.length <= comparedMost ? ids.join(',') : undefined }, { replace: true });
  };
  const [revision, reread] = useReducer<number, void>((count) => count + 1, 0);
  const columns = useChosenColumns(view);
  const note = experiment.data?.tags?.find((tag) => tag.key === noteTag)?.value;
  const folder = mountedFrom(experiment.data);
  return (
    <Page
      title={experiment.data?.name ?? 'Runs'}
      trail={[{ label: 'Experiments', to: '/experiments' }]}
      badge={folder && <ReadOnly folder={folder} />}
      actions={<RunActions selected={selected} select={select} deleted={view.deleted} changed={() => reread()} />}
    >
      {experiment.error && <Failure error={experiment.error} />}
      {experiment.data && <Note key={one} text={note ?? ''} write={folder ? undefined : (text) => setExperimentTag(one!, noteTag, text).then(experiment.reload)} />}
      <div class="toolbar">
        <ExperimentChooser chosen={view.experiment_ids} />
        <SearchField
          wide
          label="Search runs by MLflow filter or name"
          placeholder="metrics.auc > 0.65 AND params.max_depth = '6', or part of a name"
          value={view.typed}
          onChange={(q) => setQuery({ q }, { replace: true })}
        />
        <ViewMenu view={view} />
      </div>
      {(known.error ?? columns.error) ? (
        <Failure error={(known.error ?? columns.error)!} retry={known.reload} />
      ) : !known.data || columns.loading ? (
        <Skeleton rows={10} />
      ) : view.groupBy.length > 0 ? (
        <RunGroups view={view} columns={columns.names ?? candidateColumns(known.data.columns).filter((name) => name.startsWith('metrics.'))} available={known.data} />
      ) : (
        <RunList view={view} columns={columns.names} available={known.data} selected={selected} select={select} revision={revision} name={experiment.data?.name ?? 'runs'} />
      )}
    </Page>
  );
}

/** The columns that the URL asks for; patterns are looked up on the server. Undefined for the usual ones. */
function useChosenColumns(view: RunsView): { names: ColumnName[] | undefined; loading: boolean; error?: Error } {
  const texts = [...new Set((view.columns ?? []).filter(isPattern).map(patternText))];
  const { experiment_ids } = view;
  const read = useRead(texts.length > 0 ? `patterns:${experiment_ids.join()}:${texts.join()}` : null, async (signal) => {
    const found = await Promise.all(texts.map((contains) => listRunColumns({ experiment_ids, contains, max_results: patternMost }, signal)));
    return new Map(texts.map((text, i) => [text, found[i]!.columns]));
  });
  const key = `${view.columns?.join()}`;
  const names = useMemo(() => view.columns && chosenColumns(view.columns, (text) => read.data?.get(text) ?? []), [key, read.data]);
  // While a new pattern is looked up the table stays as it is, and with it the reader's place.
  const kept = useRef(names);
  const settled = useRef(false);
  if (!read.loading) {
    kept.current = names;
    settled.current = true;
  }
  return { names: kept.current, loading: !settled.current, error: read.error };
}

/**
 * A feed for the question that the view asks, kept as long as the question is the same: who chooses other
 * columns stays where he is. The usual columns are decided by what the first page holds of all candidates,
 * so that going back to them reads anew what was opened without.
 */
function useFeed(view: RunsView, columns: readonly ColumnName[], usual: boolean) {
  const [, redraw] = useReducer<number, void>((count) => count + 1, 0);
  const query = queryOf(view);
  const question = JSON.stringify(query);
  const opening = useRef({ question, usual });
  if (opening.current.question !== question || (usual && !opening.current.usual)) opening.current = { question, usual };
  const [opened, reopen] = useReducer<number, void>((count) => count + 1, 0);
  const feed = useMemo(() => new RunFeed(query, columns, () => redraw()), [opening.current, opened]);
  useEffect(() => feed.show(columns), [feed, columns.join()]);
  useEffect(() => {
    feed.need(0);
    let settle: ReturnType<typeof setTimeout> | undefined;
    const stop = onEvents(nouns.run, () => {
      settle ??= setTimeout(() => {
        settle = undefined;
        void feed.refresh();
      }, settleMs);
    });
    return () => {
      stop();
      clearTimeout(settle);
      feed.close();
    };
  }, [feed]);
  return { feed, reopen: () => reopen() };
}

function RunList(props: {
  view: RunsView;
  columns: readonly ColumnName[] | undefined;
  available: KnownColumns;
  selected: readonly string[];
  select: (ids: readonly string[]) => void;
  revision: number;
  name: string;
}) {
  const { view, selected } = props;
  const sorted = view.sort?.replace(/^-/, '');
  const candidates = useMemo(() => candidateColumns(props.available.columns), [props.available.columns.join()]);
  const asked = orderedColumns(props.columns ?? candidates, [...view.pinned, ...(sorted?.includes('.') ? [sorted] : [])]);
  const { feed, reopen } = useFeed(view, asked, props.columns === undefined);
  useEffect(() => {
    if (props.revision > 0) void feed.refresh();
  }, [props.revision]);

  const looked = feed.rows.length > 0;
  // Decided by the first page alone, so that columns do not come and go while one scrolls.
  const usual = useMemo(() => usualColumns(candidates, feed.rows), [candidates, feed, looked]);
  let shown = orderedColumns(props.columns ?? usual, view.pinned);
  if (view.onlyDiffering) shown = shown.filter((column) => view.pinned.includes(column) || differs(column, feed.rows.slice(0, rowsCompared)));

  const tree = useTree(feed, isTree(view), asked);
  const rows: readonly TreeRow[] | undefined = tree.rows;
  const rowAt = (index: number): TreeRow | undefined => {
    if (rows) return rows[index];
    const run = feed.rows[index];
    return run && { run, depth: 0, open: false, children: 0 };
  };
  const count = rows ? feed.length - feed.rows.length + rows.length : feed.length;

  const anchor = useRef<string | undefined>();
  const latest = useRef({ selected, rows, feed });
  latest.current = { selected, rows, feed };
  const toggle = useCallback(
    (id: string, extend: boolean) => {
      const now = latest.current;
      const ids = (now.rows?.map((row) => row.run) ?? now.feed.rows).map((run) => run.run_id);
      const isIn = now.selected.includes(id);
      const [from, to] = [ids.indexOf(anchor.current ?? ''), ids.indexOf(id)];
      anchor.current = id;
      if (extend && from >= 0 && to >= 0) return props.select([...new Set([...now.selected, ...ids.slice(Math.min(from, to), Math.max(from, to) + 1)])]);
      props.select(isIn ? now.selected.filter((each) => each !== id) : [...now.selected, id]);
    },
    [props.select],
  );

  const columnsKey = `${shown.join()}|${view.sort}|${view.pinned.join()}|${theme.value}`;
  const columns = useMemo<GridColumn<TreeRow>[]>(() => {
    const sorter = (column: string) => ({
      direction: view.sort === column ? ('ascending' as const) : view.sort === `-${column}` ? ('descending' as const) : undefined,
      toggle: () => setQuery({ sort: nextSort(view.sort, column) }),
    });
    const all = () => {
      const ids = (latest.current.rows?.map((row) => row.run) ?? latest.current.feed.rows).map((run) => run.run_id).slice(0, comparedMost);
      props.select(ids.every((id) => latest.current.selected.includes(id)) ? [] : ids);
    };
    return [
      ...identityColumns({ sorter, toggle, all, isSelected: (id) => latest.current.selected.includes(id), flip: tree.flip }),
      ...shown.map((column) => valueColumn(column, sorter(column), view.pinned.includes(column), columnWidth(column))),
    ].sort((a, b) => Number(b.pinned ?? false) - Number(a.pinned ?? false));
  }, [columnsKey, toggle]);

  const sight = useRef<InSight>({ rows: [0, 0], columns: [0, 0] });
  const freeIds = columns.filter((column) => !column.pinned).map((column) => column.id);
  const onSight = useCallback(
    (now: InSight) => {
      sight.current = now;
      feed.need(now.rows[1]);
      tree.look(feed.rows.slice(now.rows[0], now.rows[1]));
      void feed.fill(now.rows[0], now.rows[1], freeIds.slice(now.columns[0], now.columns[1]).filter((id) => id.includes('.')));
    },
    [feed, feed.rows, columnsKey],
  );
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState !== 'visible') return;
      const { rows: inSight, columns: across } = sight.current;
      void feed.follow(inSight[0], inSight[1], [...view.pinned, ...freeIds.slice(across[0], across[1]).filter((id) => id.includes('.'))]);
    }, followMs);
    return () => clearInterval(timer);
  }, [feed, columnsKey]);

  const chosen = useMemo(() => new Set(selected), [selected]);
  if (feed.error && !feed.ready) return <Failure error={feed.error} retry={() => feed.retry()} />;
  if (feed.ready && feed.length === 0) return <div class="panel flush">{view.typed || view.deleted ? <NoMatch view={view} filter={feed.query.filter} /> : <NoRuns />}</div>;
  return (
    <>
      {feed.error && <Failure error={feed.error} retry={() => feed.retry()} />}
      <div class="list-head">
        <p class="note" role="status">
          {feed.ready && (
            <>
              <b data-total={feed.total}>{grouped(feed.total ?? feed.rows.length)}</b> {feed.total === 1 ? 'run' : 'runs'}
              {feed.length > rowsMost ? `, the first ${grouped(rowsMost)} are listed` : ''}
              {rows && rows.length > feed.rows.length ? ' without those below others' : ''}
              {selected.length > 0 ? `, ${grouped(selected.length)} selected` : ''}
            </>
          )}
        </p>
        {feed.stale && (
          <button type="button" class="plain small" onClick={() => reopen()}>
            The list has changed: read it again
          </button>
        )}
        <div class="tools">
          <Download feed={feed} columns={shown} name={props.name} />
          <ColumnChooser experiment_ids={view.experiment_ids} available={props.available} chosen={shown} entries={view.columns} pinned={view.pinned} />
        </div>
      </div>
      {/* The head stays while other columns are read, and with it the menu in which they are chosen. */}
      {!feed.ready ? (
        <Skeleton rows={10} />
      ) : (
        <div class="panel flush" data-loaded={feed.rows.length}>
          <Grid
            label="Runs"
            columns={columns}
            rowCount={count}
            rowAt={rowAt}
            rowKey={(row) => row.run.run_id}
            rowState={(row) => `${chosen.has(row.run.run_id)}${row.depth}${row.open}${row.children}`}
            to={(row) => runPath(row.run.run_id)}
            onSight={onSight}
            height="max(300px, calc(100vh - 266px))"
          />
        </div>
      )}
      <p class="foot-note wide-only">
        <kbd>j</kbd>
        <kbd>k</kbd> move, <kbd>x</kbd> selects, <kbd>Enter</kbd> opens; Shift and a click select a range
      </p>
    </>
  );
}

function NoMatch(props: { view: RunsView; filter: string }) {
  if (!props.view.typed) return <Empty title="No run was deleted." />;
  return (
    <Empty title="No run matches.">
      The filter sent was <code>{props.filter}</code>
    </Empty>
  );
}

function NoRuns() {
  return (
    <>
      <Empty title="No runs here yet." command={cli.quickDemo}>
        A run appears as soon as training starts. MLflow clients log here when they are told where:
      </Empty>
      <div class="empty follow">
        <Command line={cli.tracking} />
      </div>
    </>
  );
}

/** What kind of list it is; all of it is in the URL. */
function ViewMenu(props: { view: RunsView }) {
  const { view } = props;
  const option = (label: string, on: boolean, changes: Record<string, string | undefined>) => (
    <li>
      <label>
        <input type="checkbox" checked={on} onChange={() => setQuery(changes)} />
        <span>{label}</span>
      </label>
    </li>
  );
  return (
    <details class="menu">
      <summary class="button">View</summary>
      <div class="menu-body">
        <ul>
          {option('Child runs below their parents', view.nested, { nest: view.nested ? '0' : undefined })}
          {option('Only columns that differ', view.onlyDiffering, { differ: view.onlyDiffering ? undefined : '1' })}
          {option('Deleted runs', view.deleted, { show: view.deleted ? undefined : 'deleted', selected: undefined })}
        </ul>
        <GroupBy view={view} />
        <button type="button" class="plain" onClick={() => void navigator.clipboard?.writeText(location.href)}>
          Copy a link to this view
        </button>
      </div>
    </details>
  );
}

function GroupBy(props: { view: RunsView }) {
  const [text, setText] = useState('');
  const params = useRead(`group-columns:${props.view.experiment_ids.join()}:${text}`, (signal) =>
    listRunColumns({ experiment_ids: props.view.experiment_ids, contains: text, max_results: 40, kinds: ['params', 'tags'] }, signal),
  );
  const offered = (params.data?.columns ?? []).filter((column) => !props.view.groupBy.includes(column));
  const set = (group: readonly string[]) => setQuery({ group: group.join(','), sort: undefined });
  return (
    <fieldset class="group-by">
      <legend>Group by</legend>
      {props.view.groupBy.map((column) => (
        <button key={column} type="button" class="chip strong" aria-label={`No longer group by ${column}`} onClick={() => set(props.view.groupBy.filter((each) => each !== column))}>
          {column} ×
        </button>
      ))}
      {props.view.groupBy.length >= groupKeysMost && <p class="note">At most {groupKeysMost} columns.</p>}
      <input type="search" placeholder="Find a param or tag" aria-label="Find a param or tag to group by" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <ul class="low">
        {offered.slice(0, props.view.groupBy.length >= groupKeysMost ? 0 : 40).map((column) => (
          <li key={column}>
            <button type="button" class="plain" onClick={() => set([...props.view.groupBy, column])}>
              {column}
            </button>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}

function Download(props: { feed: RunFeed; columns: readonly ColumnName[]; name: string }) {
  const [state, setState] = useState<'idle' | 'reading'>('idle');
  const download = async () => {
    setState('reading');
    // A feed of its own: what the reader looks at stays where it is.
    const whole = new RunFeed(props.feed.query, props.columns, () => {});
    await whole.readAll(downloadMost, props.columns);
    setState('idle');
    const head = ['run_id', 'run_name', 'experiment_id', 'status', 'start_time_ms', 'end_time_ms', 'user_id', ...props.columns];
    const line = (run: RunRow) => [
      ...[run.run_id, run.run_name, run.experiment_id, run.status, run.start_time_ms, run.end_time_ms ?? '', run.user_id].map(String),
      ...props.columns.map((column) => cellText(run, column)),
    ];
    save(fileName(props.name, 'csv'), new Blob([toCsv([head, ...whole.rows.map(line)])], { type: 'text/csv' }));
  };
  return (
    <button type="button" disabled={state === 'reading'} onClick={() => void download()} title={`Up to ${grouped(downloadMost)} runs with the columns shown`}>
      {state === 'reading' ? 'Reading…' : 'Download CSV'}
    </button>
  );
}

/** The runs of an experiment: search, sort, choose columns, select to compare. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { searchExperiments, searchRuns, type Run } from '../api/mlflow';
import { cli } from '../cli';
import { Badge, Chip, Command, Empty, Page, Select, Shown, When } from '../components/basics';
import { Table, type TableColumn } from '../components/table';
import { columnText, nextSort, parseColumn, toFilter, toOrderBy } from '../filter';
import { byInterest, duration, measure, parameter } from '../format';
import { runPath } from '../links';
import { now } from '../live';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { href, place, setQuery } from '../router';

const pageSize = 500;
const comparedMax = 10;
const typingPauseMs = 250;

/** Columns that a first look needs: the figures and parameters that most runs have. */
const defaultMetrics = 4;
const defaultParams = 4;

interface RunPages {
  runs: Run[];
  next_page_token?: string;
}

export function Runs() {
  const query = place.value.query;
  const experiments = useRead('experiments', searchExperiments, { on: nouns.run });
  const experiment = query.get('experiment') ?? '';
  const typed = query.get('q') ?? '';
  const sort = query.get('sort') ?? undefined;
  const filter = toFilter(typed);

  const ids = experiment ? [experiment] : (experiments.data ?? []).map((each) => each.experiment_id);
  const search = { experiment_ids: ids, filter, order_by: toOrderBy(sort), max_results: pageSize };
  const ready = experiments.data !== undefined && ids.length > 0;
  const first = useRead<RunPages>(ready ? `runs:${JSON.stringify(search)}` : null, (signal) => searchRuns(search, signal), {
    on: nouns.run,
  });

  const [later, setLater] = useState<{ of?: RunPages; pages: RunPages[] }>({ pages: [] });
  const pages = first.data ? [first.data, ...(later.of === first.data ? later.pages : [])] : [];
  const runs = pages.flatMap((page) => page.runs);
  const next = pages[pages.length - 1]?.next_page_token;
  const loadingMore = useRef(false);
  const more = () => {
    if (!next || loadingMore.current) return;
    loadingMore.current = true;
    const of = first.data;
    void searchRuns({ ...search, page_token: next })
      .then((page) => setLater((known) => ({ of, pages: [...(known.of === of ? known.pages : []), page] })))
      .finally(() => (loadingMore.current = false));
  };

  const available = columnsOf(runs);
  const columns = (query.get('columns')?.split(',').filter(Boolean) ?? defaultColumns(runs)).filter((column) => column !== '');
  const selected = query.get('selected')?.split(',').filter(Boolean) ?? [];

  return (
    <Page
      title="Runs"
      actions={
        <>
          {selected.length > 0 && (
            <button type="button" class="plain" onClick={() => setQuery({ selected: undefined })}>
              Clear {selected.length}
            </button>
          )}
          <a
            class="button primary"
            aria-disabled={selected.length < 2}
            href={selected.length < 2 ? undefined : href('/compare', {}, { runs: selected.join(',') })}
            title={selected.length < 2 ? 'Select two runs or more' : undefined}
          >
            Compare{selected.length > 1 ? ` ${selected.length}` : ''}
          </a>
        </>
      }
    >
      <div class="toolbar">
        <Select
          label="Experiment"
          value={experiment}
          options={[
            { value: '', label: 'All experiments' },
            ...(experiments.data ?? []).map((each) => ({ value: each.experiment_id, label: each.name })),
          ]}
          onChange={(value) => setQuery({ experiment: value, selected: undefined })}
        />
        <SearchBox value={typed} />
        <ColumnPicker available={available} chosen={columns} />
      </div>
      {experiments.error && <Shown read={experiments}>{() => null}</Shown>}
      <div class="panel flush">
        <Shown read={first} rows={10}>
          {() =>
            runs.length === 0 ? (
              filter ? (
                <Empty title="No run matches.">
                  The filter sent was <code>{filter}</code>
                </Empty>
              ) : (
                <NoRuns />
              )
            ) : (
              <Table
                label="Runs"
                rows={runs}
                rowKey={(run) => run.info.run_id}
                to={(run) => runPath(run.info.run_id)}
                columns={tableColumns(columns, sort, selected)}
                onEnd={next ? more : undefined}
                height="calc(100vh - 190px)"
              />
            )
          }
        </Shown>
      </div>
      {runs.length > 0 && (
        <p class="foot-note">
          {runs.length}
          {next ? '+' : ''} runs · <kbd>j</kbd>
          <kbd>k</kbd> move, <kbd>x</kbd> selects, <kbd>Enter</kbd> opens
        </p>
      )}
    </Page>
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

function SearchBox(props: { value: string }) {
  const [text, setText] = useState(props.value);
  const pause = useRef<ReturnType<typeof setTimeout> | undefined>();
  useEffect(() => setText(props.value), [props.value]);
  const send = (value: string) => {
    clearTimeout(pause.current);
    setQuery({ q: value }, { replace: true });
  };
  return (
    <input
      type="search"
      class="wide"
      data-search
      spellcheck={false}
      autocomplete="off"
      placeholder="metrics.auc > 0.65 AND params.max_depth = '6', or part of a name"
      aria-label="Search runs by MLflow filter or name"
      value={text}
      onInput={(event) => {
        const value = event.currentTarget.value;
        setText(value);
        clearTimeout(pause.current);
        pause.current = setTimeout(() => send(value), typingPauseMs);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') send(event.currentTarget.value);
      }}
    />
  );
}

/** Every column that the runs could show, in the order of how many runs have it. */
export function columnsOf(runs: readonly Run[]): string[] {
  const seen = new Map<string, number>();
  const add = (column: string) => seen.set(column, (seen.get(column) ?? 0) + 1);
  for (const run of runs) {
    for (const metric of run.data.metrics ?? []) add(`metrics.${metric.key}`);
    for (const param of run.data.params ?? []) add(`params.${param.key}`);
    for (const tag of run.data.tags ?? []) if (!tag.key.startsWith('mlflow.')) add(`tags.${tag.key}`);
  }
  return [...seen.entries()].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([column]) => column);
}

/** Metrics and the parameters whose values differ between the runs: what one came to see. */
export function defaultColumns(runs: readonly Run[]): string[] {
  const all = columnsOf(runs);
  const values = new Map<string, Set<string>>();
  for (const run of runs) {
    for (const param of run.data.params ?? []) {
      const key = `params.${param.key}`;
      values.set(key, (values.get(key) ?? new Set()).add(param.value));
    }
  }
  const params = all.filter((column) => column.startsWith('params.'));
  const varied = params.filter((column) => (values.get(column)?.size ?? 0) > 1);
  return [
    ...byInterest(all.filter((column) => column.startsWith('metrics.'))).slice(0, defaultMetrics),
    ...(varied.length > 0 ? varied : params).slice(0, defaultParams),
  ];
}

function valueOf(run: Run, column: string) {
  const { kind, key } = parseColumn(column);
  if (kind === 'metrics') return measure(run.data.metrics?.find((metric) => metric.key === key)?.value);
  if (kind === 'params') return parameter(run.data.params?.find((param) => param.key === key)?.value);
  return run.data.tags?.find((tag) => tag.key === key)?.value ?? '–';
}

function tableColumns(columns: readonly string[], sort: string | undefined, selected: readonly string[]): TableColumn<Run>[] {
  const sorter = (column: string) => ({
    direction: sort === column ? ('ascending' as const) : sort === `-${column}` ? ('descending' as const) : undefined,
    toggle: () => setQuery({ sort: nextSort(sort, column) }),
  });
  const toggle = (id: string) => {
    const rest = selected.filter((each) => each !== id);
    const chosen = rest.length < selected.length ? rest : [...selected, id].slice(-comparedMax);
    setQuery({ selected: chosen.join(',') }, { replace: true });
  };
  return [
    {
      id: 'select',
      label: <span class="hidden">Select</span>,
      cell: (run) => (
        <input
          type="checkbox"
          checked={selected.includes(run.info.run_id)}
          onChange={() => toggle(run.info.run_id)}
          aria-label={`Select ${run.info.run_name ?? run.info.run_id}`}
        />
      ),
    },
    {
      id: 'run_name',
      label: 'Run',
      sort: sorter('run_name'),
      cell: (run) => <a href={runPath(run.info.run_id)}>{run.info.run_name || run.info.run_id.slice(0, 8)}</a>,
    },
    { id: 'status', label: 'Status', sort: sorter('status'), cell: (run) => <Badge state={run.info.status} /> },
    { id: 'start_time', label: 'Started', sort: sorter('start_time'), cell: (run) => <When ms={run.info.start_time} /> },
    {
      id: 'duration',
      label: 'Took',
      number: true,
      cell: (run) => duration((run.info.end_time ?? (run.info.status === 'RUNNING' ? now.value : run.info.start_time)) - run.info.start_time),
    },
    ...columns.map((column): TableColumn<Run> => {
      const { kind, key } = parseColumn(column);
      return {
        id: column,
        label: (
          <span title={column}>
            <span class={`kind ${kind}`} aria-hidden="true" />
            {key}
          </span>
        ),
        number: kind !== 'tags',
        sort: sorter(column),
        cell: (run) => valueOf(run, column),
      };
    }),
    { id: 'user', label: 'By', cell: (run) => <span class="muted">{run.info.user_id || '–'}</span> },
  ];
}

function ColumnPicker(props: { available: readonly string[]; chosen: readonly string[] }) {
  const [wanted, setWanted] = useState('');
  const shown = props.available.filter((column) => column.toLowerCase().includes(wanted.toLowerCase()));
  const toggle = (column: string) => {
    const next = props.chosen.includes(column) ? props.chosen.filter((each) => each !== column) : [...props.chosen, column];
    setQuery({ columns: next.map(columnFixed).join(',') || ',' }, { replace: true });
  };
  return (
    <details class="menu">
      <summary class="button">
        Columns <span class="amount">{props.chosen.length}</span>
      </summary>
      <div class="menu-body">
        <input type="search" placeholder="Find a column" aria-label="Find a column" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        <ul>
          {shown.slice(0, 200).map((column) => {
            const { kind, key } = parseColumn(column);
            return (
              <li key={column}>
                <label>
                  <input type="checkbox" checked={props.chosen.includes(column)} onChange={() => toggle(column)} />
                  <span>{key}</span>
                  <Chip>{kind.slice(0, -1)}</Chip>
                </label>
              </li>
            );
          })}
        </ul>
        <button type="button" class="plain" onClick={() => setQuery({ columns: undefined }, { replace: true })}>
          Back to the usual columns
        </button>
      </div>
    </details>
  );
}

function columnFixed(column: string): string {
  return columnText(parseColumn(column));
}

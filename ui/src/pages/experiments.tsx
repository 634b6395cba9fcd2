/** Experiments: search, create, rename, delete and restore. */
import { useState } from 'preact/hooks';
import { createExperiment, deleteExperiment, mountedFrom, noteTag, renameExperiment, restoreExperiment, searchExperimentPage, type ExperimentPage } from '../api/experiments';
import type { Experiment } from '../api/mlflow';
import { Choice, Empty, Page, ReadOnly, Shown, When } from '../components/basics';
import { Dialog, TextDialog } from '../components/dialog';
import { SearchField } from '../components/search-field';
import { Table } from '../components/table';
import { quoteText } from '../filter';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { href, navigate, place, setQuery } from '../router';

const pageSize = 500;
/** Pages of experiments that are read at most; a search finds those beyond. */
const pagesMost = 10;

async function searchAll(search: Parameters<typeof searchExperimentPage>[0], signal: AbortSignal): Promise<ExperimentPage> {
  const experiments: Experiment[] = [];
  let page_token: string | undefined;
  for (let page = 0; page < pagesMost; page += 1) {
    const answer = await searchExperimentPage({ ...search, max_results: pageSize, page_token }, signal);
    experiments.push(...answer.experiments);
    page_token = answer.next_page_token;
    if (!page_token) break;
  }
  return { experiments, next_page_token: page_token };
}

type Asked = { what: 'create' } | { what: 'rename' | 'delete' | 'restore'; experiment: Experiment };

export function Experiments() {
  const query = place.value.query;
  const typed = query.get('q') ?? '';
  const deleted = query.get('show') === 'deleted';
  const sort = query.get('sort') ?? '-last_update_time';
  const search = {
    ...(typed.trim() === '' ? {} : { filter: `name ILIKE ${quoteText(`%${typed.trim()}%`)}` }),
    order_by: [`${sort.replace(/^-/, '')} ${sort.startsWith('-') ? 'DESC' : 'ASC'}`],
    view_type: deleted ? ('DELETED_ONLY' as const) : ('ACTIVE_ONLY' as const),
  };
  const read = useRead(`experiments:${JSON.stringify(search)}`, (signal) => searchAll(search, signal), { on: nouns.run });
  const [asked, setAsked] = useState<Asked | undefined>();
  const sorter = (column: string) => ({
    direction: sort === column ? ('ascending' as const) : sort === `-${column}` ? ('descending' as const) : undefined,
    toggle: () => setQuery({ sort: sort === column ? `-${column}` : sort === `-${column}` ? column : column === 'name' ? column : `-${column}` }),
  });
  const runsOf = (experiment: Experiment) => href('/runs', {}, { experiment: experiment.experiment_id, show: deleted ? 'deleted' : undefined });
  return (
    <Page
      title="Experiments"
      actions={
        <button type="button" class="primary" onClick={() => setAsked({ what: 'create' })}>
          New experiment
        </button>
      }
    >
      <div class="toolbar">
        <SearchField label="Search experiments by name" placeholder="Part of a name" value={typed} onChange={(q) => setQuery({ q }, { replace: true })} />
        <Choice
          label="Which experiments"
          value={deleted ? 'deleted' : 'active'}
          options={[
            { value: 'active', label: 'Active' },
            { value: 'deleted', label: 'Deleted' },
          ]}
          onChange={(value) => setQuery({ show: value === 'deleted' ? value : undefined })}
        />
      </div>
      <div class="panel flush">
        <Shown read={read} rows={8}>
          {({ experiments, next_page_token }) =>
            experiments.length === 0 ? (
              <Empty title={typed ? 'No experiment has such a name.' : deleted ? 'No experiment was deleted.' : 'No experiments yet.'} />
            ) : (
              <>
                <Table
                  label="Experiments"
                  rows={experiments}
                  rowKey={(each) => each.experiment_id}
                  to={runsOf}
                  height="calc(100vh - 170px)"
                  columns={[
                    { id: 'name', label: 'Name', sort: sorter('name'), cell: (each) => <a href={runsOf(each)}>{each.name}</a> },
                    { id: 'note', label: 'Description', grow: true, cell: (each) => <span class="muted">{noteOf(each)}</span> },
                    { id: 'created', label: 'Created', sort: sorter('creation_time'), cell: (each) => <When ms={each.creation_time} /> },
                    { id: 'updated', label: 'Updated', sort: sorter('last_update_time'), cell: (each) => <When ms={each.last_update_time} /> },
                    { id: 'id', label: 'Id', number: true, cell: (each) => <code class="muted">{each.experiment_id}</code> },
                    { id: 'actions', label: <span class="hidden">Actions</span>, cell: (each) => <Actions experiment={each} ask={setAsked} /> },
                  ]}
                />
                {next_page_token && <p class="more">The first {experiments.length} are listed; search for others by name.</p>}
              </>
            )
          }
        </Shown>
      </div>
      {asked && <Ask asked={asked} close={() => setAsked(undefined)} reload={read.reload} />}
    </Page>
  );
}

function noteOf(experiment: Experiment): string {
  return experiment.tags?.find((tag) => tag.key === noteTag)?.value.split('\n')[0] ?? '';
}

function Actions(props: { experiment: Experiment; ask: (asked: Asked) => void }) {
  const { experiment, ask } = props;
  const folder = mountedFrom(experiment);
  if (folder) return <ReadOnly folder={folder} />;
  if (experiment.lifecycle_stage === 'deleted')
    return (
      <button type="button" class="plain small" aria-label={`Restore ${experiment.name}`} onClick={() => ask({ what: 'restore', experiment })}>
        Restore
      </button>
    );
  return (
    <span class="row-actions">
      <button type="button" class="plain small" aria-label={`Rename ${experiment.name}`} onClick={() => ask({ what: 'rename', experiment })}>
        Rename
      </button>
      <button type="button" class="plain small" aria-label={`Delete ${experiment.name}`} onClick={() => ask({ what: 'delete', experiment })}>
        Delete
      </button>
    </span>
  );
}

function Ask(props: { asked: Asked; close: () => void; reload: () => void }) {
  const { asked, close } = props;
  const then = <T,>(done: Promise<T>) => done.then(props.reload);
  if (asked.what === 'create')
    return (
      <TextDialog
        title="New experiment"
        label="Name"
        value=""
        action="Create"
        close={close}
        act={async (name) => navigate(href('/runs', {}, { experiment: await createExperiment(name) }))}
      />
    );
  const { experiment_id, name } = asked.experiment;
  if (asked.what === 'rename')
    return <TextDialog title={`Rename ${name}`} label="Name" value={name} action="Rename" close={close} act={(text) => then(renameExperiment(experiment_id, text))} />;
  if (asked.what === 'delete')
    return (
      <Dialog title={`Delete ${name}?`} action="Delete" danger close={close} act={() => then(deleteExperiment(experiment_id))}>
        <p>The experiment and its runs are marked as deleted. They can be restored until the garbage collection removes them.</p>
      </Dialog>
    );
  return (
    <Dialog title={`Restore ${name}?`} action="Restore" close={close} act={() => then(restoreExperiment(experiment_id))}>
      <p>The experiment and its runs become active again.</p>
    </Dialog>
  );
}

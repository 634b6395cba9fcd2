/** The registered models. */
import { useEffect, useState } from 'preact/hooks';
import { mountedFrom } from '../api/experiments';
import { registerVersion, searchRegisteredModels, type RegisteredModel } from '../api/mlflow';
import { cli } from '../cli';
import { Chip, Empty, Page, ReadOnly, Shown, When } from '../components/basics';
import { Dialog } from '../components/dialog';
import { MarkdownLine } from '../components/markdown';
import { SearchField } from '../components/search-field';
import { Table } from '../components/table';
import { quoteText } from '../filter';
import { modelPath } from '../links';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { navigate, place, setQuery } from '../router';

/** What to send for what was typed: a comparison as it is, a bare word as part of the name. */
export function modelFilter(typed: string): string {
  const text = typed.trim();
  if (text === '' || /[=<>]|\s(?:not\s+)?(?:i?like|in|is)\s/i.test(text)) return text;
  return `name ILIKE ${quoteText(`%${text}%`)}`;
}

export function Models() {
  const typed = place.value.query.get('q') ?? '';
  const filter = modelFilter(typed);
  const [registering, setRegistering] = useState(false);
  const first = useRead(`models:${filter}`, (signal) => searchRegisteredModels(filter, undefined, signal), { on: nouns.model });
  const [more, setMore] = useState<{ items: RegisteredModel[]; next?: string; error?: Error } | undefined>();
  useEffect(() => setMore(undefined), [filter, first.data]);
  const next = more ? more.next : first.data?.next;
  const load = () =>
    searchRegisteredModels(filter, next).then(
      (page) => setMore({ items: [...(more?.items ?? []), ...page.items], next: page.next }),
      (error: Error) => setMore({ items: more?.items ?? [], next, error }),
    );
  return (
    <Page
      title="Models"
      sub="Registered models, their versions and who may speak for them."
      actions={
        <button type="button" class="primary" onClick={() => setRegistering(true)}>
          Register a version
        </button>
      }
    >
      <div class="toolbar">
        <SearchField wide label="Search models" placeholder="a name, or tags.team = 'delays'" value={typed} onChange={(text) => setQuery({ q: text }, { replace: true })} />
      </div>
      <div class="panel flush">
        <Shown read={first}>
          {(page) =>
            page.items.length === 0 && filter ? (
              <Empty title="No model is like this." />
            ) : page.items.length === 0 ? (
              <Empty title="No model is registered." command={cli.quickDemo}>
                Register one with <code>mlflow.register_model</code>, or watch the demo do it.
              </Empty>
            ) : (
              <ModelTable models={[...page.items, ...(more?.items ?? [])]} />
            )
          }
        </Shown>
      </div>
      {more?.error && (
        <p class="bad-text" role="alert">
          {more.error.message}
        </p>
      )}
      {next && (
        <p class="more">
          <button type="button" onClick={() => void load()}>
            Show more
          </button>
        </p>
      )}
      {registering && <RegisterDialog close={() => setRegistering(false)} />}
    </Page>
  );
}

const stagesOf = (model: RegisteredModel) => (model.latest_versions ?? []).filter((version) => version.current_stage === 'Staging' || version.current_stage === 'Production');

function ModelTable(props: { models: readonly RegisteredModel[] }) {
  // Stages are going out of use: where nobody has any, their column takes no room.
  const stages = {
    id: 'stages',
    label: 'Stages',
    cell: (model: RegisteredModel) =>
      stagesOf(model).map((version) => (
        <Chip key={version.current_stage}>
          {version.current_stage} v{version.version}
        </Chip>
      )),
  };
  return (
    <Table
      label="Models"
      rows={props.models}
      rowKey={(model) => model.name}
      to={(model) => modelPath(model.name)}
      columns={[
        {
          id: 'name',
          label: 'Model',
          cell: (model) => {
            const folder = mountedFrom(model);
            return (
              <>
                <a href={modelPath(model.name)}>{model.name}</a> {folder && <ReadOnly folder={folder} />}
              </>
            );
          },
        },
        {
          id: 'latest',
          label: 'Latest',
          number: true,
          cell: (model) => {
            const latest = Math.max(0, ...(model.latest_versions ?? []).map((version) => Number(version.version)));
            return latest > 0 ? `v${latest}` : '–';
          },
        },
        {
          id: 'aliases',
          label: 'Aliases',
          cell: (model) =>
            (model.aliases ?? []).map((alias) => (
              <Chip key={alias.alias} strong={alias.alias === 'champion'}>
                {alias.alias} → v{alias.version}
              </Chip>
            )),
        },
        ...(props.models.some((model) => stagesOf(model).length > 0) ? [stages] : []),
        { id: 'description', label: 'Description', grow: true, cell: (model) => <span class="muted">{model.description && <MarkdownLine text={model.description} />}</span> },
        { id: 'updated', label: 'Updated', cell: (model) => <When ms={model.last_updated_timestamp} /> },
      ]}
    />
  );
}

/** Makes a version of what a run left. */
export function RegisterDialog(props: { name?: string; close: () => void }) {
  const [name, setName] = useState(props.name ?? '');
  const [run, setRun] = useState('');
  const [path, setPath] = useState('model');
  const act = async () => {
    const made = await registerVersion(name.trim(), run.trim(), path.trim().replace(/^\/+|\/+$/g, ''), name.trim() === props.name);
    navigate(modelPath(made.name, made.version));
  };
  return (
    <Dialog title="Register a version" action="Register" act={act} close={props.close}>
      <label class="ask-field">
        <span>Model, made when it is new</span>
        <input autofocus={!props.name} required value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <label class="ask-field">
        <span>Run that left it</span>
        <input autofocus={!!props.name} required spellcheck={false} placeholder="the run's id" value={run} onInput={(event) => setRun(event.currentTarget.value)} />
      </label>
      <label class="ask-field">
        <span>Folder in the run's artifacts</span>
        <input required spellcheck={false} value={path} onInput={(event) => setPath(event.currentTarget.value)} />
      </label>
    </Dialog>
  );
}

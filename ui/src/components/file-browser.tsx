/** Files of a run, a logged model or a version: folders at the left, a viewer beside them. */
import { useEffect, useState } from 'preact/hooks';
import type { ArtifactFile, FileOwner } from '../api/files';
import { bytes, grouped } from '../format';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, searchOf } from '../router';
import { Empty, Section, Shown, Skeleton } from './basics';
import { FileView } from './file-view';
import { Table } from './table';

/** A folder longer than this gets a box for finding names. */
const findFrom = 30;
/** A folder longer than this scrolls in a box of its own. */
const boxFrom = 100;

export function FileBrowser(props: { owner: FileOwner; nothing: string }) {
  const { owner } = props;
  const folder = place.value.query.get('folder') ?? '';
  const chosen = place.value.query.get('file');
  const files = useFolder(owner, folder);
  return (
    <div class={chosen && /\.onnx$/i.test(chosen) ? 'columns wide-right far-right' : 'columns wide-right'}>
      <Section title="Files" note={folder ? `/${folder}` : undefined} flush>
        <Shown read={files}>
          {(list) => (list.length === 0 && !folder ? <Empty title={props.nothing} /> : <Folder files={list} more={files.more} folder={folder} chosen={chosen} />)}
        </Shown>
      </Section>
      <Section
        title={chosen ?? 'Preview'}
        tools={
          chosen && (
            <a href={owner.url(chosen)} download>
              Download
            </a>
          )
        }
      >
        {chosen && files.loading ? (
          <Skeleton rows={6} />
        ) : chosen ? (
          <FileView key={`${owner.key} ${chosen}`} owner={owner} path={chosen} size={files.data?.find((file) => file.path === chosen)?.file_size} />
        ) : (
          <p class="muted">Choose a file to look at it.</p>
        )}
      </Section>
    </div>
  );
}

/** A folder's files: the first page, and those that were asked for since. */
function useFolder(owner: FileOwner, folder: string) {
  const key = `files:${owner.key}:${folder}`;
  const first = useRead(key, (signal) => owner.list(folder, undefined, signal), { on: nouns.run });
  const [rest, setRest] = useState<{ key: string; files: ArtifactFile[]; next?: string; error?: Error }>();
  // What was read behind a page that has changed since may be there twice or not at all.
  useEffect(() => setRest(undefined), [key, first.data]);
  const mine = rest?.key === key ? rest : undefined;
  const next = mine ? mine.next : first.data?.next;
  const load = () =>
    owner.list(folder, next).then(
      (page) => setRest({ key, files: [...(mine?.files ?? []), ...page.files], next: page.next }),
      (error: Error) => setRest({ key, files: mine?.files ?? [], next, error }),
    );
  return {
    ...first,
    data: first.data && [...first.data.files, ...(mine?.files ?? [])],
    error: first.error ?? mine?.error,
    more: next ? load : undefined,
  };
}

function Folder(props: { files: readonly ArtifactFile[]; more?: () => Promise<void>; folder: string; chosen: string | null }) {
  const { folder } = props;
  const [find, setFind] = useState('');
  const [loading, setLoading] = useState(false);
  useEffect(() => setFind(''), [folder]);
  const go = (changes: Record<string, string | undefined>) => place.value.path + searchOf(place.value.query, changes);
  // A node of a graph that was looked at means nothing in another file.
  const target = (file: ArtifactFile) => go({ node: undefined, graph: undefined, ...(file.is_dir ? { folder: file.path, file: undefined } : { file: file.path }) });
  const name = (file: ArtifactFile) => file.path.slice(folder ? folder.length + 1 : 0);
  const wanted = find.trim().toLowerCase();
  const rows = props.files
    .filter((file) => name(file).toLowerCase().includes(wanted))
    .sort((a, b) => Number(b.is_dir) - Number(a.is_dir) || collator.compare(a.path, b.path));
  const load = () => {
    setLoading(true);
    void props.more!().finally(() => setLoading(false));
  };
  return (
    <>
      {folder && (
        <p class="folder-up">
          <a href={go({ folder: folder.split('/').slice(0, -1).join('/'), file: undefined })}>↑ Up</a>
        </p>
      )}
      {(props.files.length >= findFrom || props.more) && (
        <p class="folder-find">
          <input type="search" placeholder="Find a name" aria-label="Find a file in this folder" value={find} onInput={(event) => setFind(event.currentTarget.value)} />
        </p>
      )}
      {rows.length === 0 && <Empty title={wanted ? 'No file here has such a name.' : 'This folder is empty.'} />}
      {rows.length > 0 && (
        <Table
          label="Files"
          rows={rows}
          rowKey={(file) => file.path}
          to={target}
          current={(file) => file.path === props.chosen}
          height={rows.length > boxFrom ? '70vh' : undefined}
          columns={[
            {
              id: 'name',
              label: 'Name',
              grow: true,
              cell: (file) => (
                <a href={target(file)} title={name(file)}>
                  {name(file)}
                  {file.is_dir ? '/' : ''}
                </a>
              ),
            },
            { id: 'size', label: 'Size', number: true, cell: (file) => (file.is_dir ? '' : bytes(file.file_size ?? 0)) },
          ]}
        />
      )}
      {props.more && (
        <p class="more" role="status">
          The first {grouped(props.files.length)} files are listed.{' '}
          <button type="button" disabled={loading} onClick={load}>
            {loading ? 'Reading…' : 'List more'}
          </button>
        </p>
      )}
    </>
  );
}

const collator = new Intl.Collator(undefined, { numeric: true });

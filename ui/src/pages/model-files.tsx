/** The files of a version: a browser of folders with a viewer beside it. */
import { artifactUrl, getDownloadUri, listStore, type ArtifactFile } from '../api/mlflow';
import { Artifact } from '../components/artifact';
import { Empty, Section, Shown } from '../components/basics';
import { Table } from '../components/table';
import { bytes } from '../format';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, searchOf } from '../router';

/** The path in the server's own store of an artifact address; undefined for other stores. */
export function storePath(uri: string): string | undefined {
  return /^mlflow-artifacts:(?:\/\/[^/]*)?\/+(.*)$/.exec(uri)?.[1];
}

/** The path within the run's artifacts of a path in the store, where it is one of the run. */
export function runPathOf(path: string, run_id?: string): string | undefined {
  const root = `/${run_id}/artifacts/`;
  const at = run_id ? path.indexOf(root) : -1;
  return at < 0 ? undefined : path.slice(at + root.length);
}

const joined = (...parts: string[]) => parts.filter(Boolean).join('/');

export function VersionFiles(props: { name: string; version: string; run_id?: string }) {
  const uri = useRead(`files-of:${props.name}@${props.version}`, (signal) => getDownloadUri(props.name, props.version, signal));
  return (
    <Shown read={uri}>
      {(address) => {
        const root = storePath(address);
        if (root === undefined) {
          return (
            <Empty title="Another store has the files.">
              They are at <code>{address}</code>.
            </Empty>
          );
        }
        return <Browser root={root} run_id={props.run_id} />;
      }}
    </Shown>
  );
}

function Browser(props: { root: string; run_id?: string }) {
  const folder = place.value.query.get('folder') ?? '';
  const chosen = place.value.query.get('file');
  const path = joined(props.root, folder);
  const files = useRead(`store:${path}`, (signal) => listStore(path, signal), { on: nouns.run });
  const inRun = chosen ? runPathOf(joined(props.root, chosen), props.run_id) : undefined;
  const download = chosen && (inRun ? artifactUrl(props.run_id!, inRun) : `/ajax-api/2.0/mlflow-artifacts/artifacts/${joined(props.root, chosen).split('/').map(encodeURIComponent).join('/')}`);
  return (
    <div class="columns wide-right">
      <Section title="Files" note={folder ? `/${folder}` : undefined} flush>
        <Shown read={files}>{(list) => <Files files={list} folder={folder} chosen={chosen} />}</Shown>
      </Section>
      <Section
        title={chosen ?? 'Preview'}
        tools={
          download && (
            <a href={download} download>
              Download
            </a>
          )
        }
      >
        {!chosen && <p class="muted">Choose a file to look at it.</p>}
        {chosen && inRun && <Artifact key={chosen} run_id={props.run_id!} path={inRun} size={files.data?.find((file) => joined(folder, file.path) === chosen)?.file_size} />}
        {chosen && !inRun && <p class="muted">It belongs to no run; download it to look at it.</p>}
      </Section>
    </div>
  );
}

function Files(props: { files: readonly ArtifactFile[]; folder: string; chosen: string | null }) {
  const parent = props.folder.split('/').slice(0, -1).join('/');
  if (props.files.length === 0 && !props.folder) return <Empty title="This version has no files here." />;
  const go = (changes: Record<string, string | undefined>) => place.value.path + searchOf(place.value.query, changes);
  const target = (file: ArtifactFile) =>
    file.is_dir ? go({ folder: joined(props.folder, file.path), file: undefined }) : go({ file: joined(props.folder, file.path) });
  const rows = [...props.files].sort((a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path));
  return (
    <>
      {props.folder && (
        <p class="folder-up">
          <a href={go({ folder: parent, file: undefined })}>↑ Up</a>
        </p>
      )}
      <Table
        label="Files"
        rows={rows}
        rowKey={(file) => file.path}
        to={target}
        current={(file) => joined(props.folder, file.path) === props.chosen}
        columns={[
          {
            id: 'name',
            label: 'Name',
            grow: true,
            cell: (file) => (
              <a href={target(file)}>
                {file.path}
                {file.is_dir ? '/' : ''}
              </a>
            ),
          },
          { id: 'size', label: 'Size', number: true, cell: (file) => (file.is_dir ? '' : bytes(file.file_size ?? 0)) },
        ]}
      />
    </>
  );
}

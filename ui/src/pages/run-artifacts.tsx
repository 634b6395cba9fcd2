/** What a run left behind: its files, images by step, and what is drawn of well-known ones. */
import { artifactUrl, listArtifacts, readArtifactText, type ArtifactFile, type Run } from '../api/mlflow';
import { Artifact, ImportancePlot, RocPlot } from '../components/artifact';
import { Empty, Section, Shown, Skeleton } from '../components/basics';
import { Table } from '../components/table';
import { bytes } from '../format';
import { imagesByKey, type LoggedImage } from '../logged-files';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { href, place, setQuery } from '../router';

export function ArtifactsTab(props: { run: Run }) {
  const id = props.run.info.run_id;
  const folder = place.value.query.get('folder') ?? '';
  const chosen = place.value.query.get('file');
  const files = useRead(`artifacts:${id}:${folder}`, (signal) => listArtifacts(id, folder || undefined, signal), { on: nouns.run });
  const top = useRead(`artifacts:${id}:`, (signal) => listArtifacts(id, undefined, signal), { on: nouns.run });
  const has = (name: string) => (top.data ?? []).some((file) => file.path === name);
  return (
    <>
      {has('images') && <ImagesByStep id={id} />}
      {(has('roc.json') || has('feature_importance.json')) && (
        <div class="columns even">
          {has('roc.json') && (
            <Section title="ROC curve">
              <Json id={id} path="roc.json">{(value) => <RocPlot value={value} />}</Json>
            </Section>
          )}
          {has('feature_importance.json') && (
            <Section title="Feature importance" note="gain">
              <Json id={id} path="feature_importance.json">{(value) => <ImportancePlot value={value} />}</Json>
            </Section>
          )}
        </div>
      )}
      <div class="columns wide-right">
        <Section title="Files" note={folder ? `/${folder}` : undefined} flush>
          <Shown read={files}>{(list) => <FileList files={list} folder={folder} chosen={chosen} />}</Shown>
        </Section>
        <Section
          title={chosen ?? 'Preview'}
          tools={
            chosen && (
              <a href={artifactUrl(id, chosen)} download>
                Download
              </a>
            )
          }
        >
          {chosen ? (
            <Artifact key={chosen} run_id={id} path={chosen} size={files.data?.find((file) => file.path === chosen)?.file_size} />
          ) : (
            <p class="muted">Choose a file to look at it.</p>
          )}
        </Section>
      </div>
    </>
  );
}

function Json(props: { id: string; path: string; children: (value: unknown) => preact.ComponentChildren }) {
  const text = useRead(`artifact:${props.id}:${props.path}`, (signal) => readArtifactText(props.id, props.path, signal));
  if (text.loading) return <Skeleton rows={4} />;
  return (
    <Shown read={text}>
      {(content) => {
        try {
          return props.children(JSON.parse(content));
        } catch {
          return <p class="muted">{props.path} is not JSON.</p>;
        }
      }}
    </Shown>
  );
}

function FileList(props: { files: readonly ArtifactFile[]; folder: string; chosen: string | null }) {
  const parent = props.folder.split('/').slice(0, -1).join('/');
  if (props.files.length === 0 && !props.folder) return <Empty title="This run left no files." />;
  const rows: ArtifactFile[] = [...props.files].sort((a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path));
  const target = (file: ArtifactFile) =>
    href(place.value.path, {}, { tab: 'artifacts', folder: file.is_dir ? file.path : props.folder, file: file.is_dir ? undefined : file.path });
  return (
    <>
      {props.folder && (
        <p class="folder-up">
          <a href={href(place.value.path, {}, { tab: 'artifacts', folder: parent })}>↑ Up</a>
        </p>
      )}
      <Table
        label="Files"
        rows={rows}
        rowKey={(file) => file.path}
        to={target}
        current={(file) => file.path === props.chosen}
        columns={[
          {
            id: 'name',
            label: 'Name',
            grow: true,
            cell: (file) => (
              <a href={target(file)}>
                {file.path.slice(props.folder ? props.folder.length + 1 : 0)}
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

/** Pictures that were logged with a key and steps: one at a time, with a slider through the steps. */
function ImagesByStep(props: { id: string }) {
  const files = useRead(`artifacts:${props.id}:images`, (signal) => listArtifacts(props.id, 'images', signal), { on: nouns.run });
  const keys = imagesByKey(files.data ?? []);
  if (keys.size === 0) return null;
  return (
    <Section title="Images by step">
      <div class="image-steps">
        {[...keys.entries()].map(([key, images]) => (
          <ImageSteps key={key} id={props.id} name={key} images={images} />
        ))}
      </div>
    </Section>
  );
}

/** `name:step` for each key whose step was chosen; the last step otherwise. */
function chosenSteps(): Map<string, number> {
  const pairs = (place.value.query.get('steps') ?? '').split(',').map((part) => /^(.*):(-?\d+)$/.exec(part));
  return new Map(pairs.flatMap((pair) => (pair ? [[pair[1]!, Number(pair[2])] as const] : [])));
}

function ImageSteps(props: { id: string; name: string; images: readonly LoggedImage[] }) {
  const { images, name } = props;
  const steps = chosenSteps();
  const found = images.findIndex((image) => image.step === steps.get(name));
  const index = found < 0 ? images.length - 1 : found;
  const image = images[index]!;
  const choose = (at: number) => {
    steps.set(name, images[at]!.step);
    setQuery({ steps: [...steps.entries()].map(([key, step]) => `${key}:${step}`).join(',') }, { replace: true });
  };
  return (
    <figure>
      <figcaption>
        {name} <span class="muted">step {image.step}</span>
      </figcaption>
      <img class="artifact-image" src={artifactUrl(props.id, image.path)} alt={`${name} at step ${image.step}`} loading="lazy" />
      {images.length > 1 && (
        <input
          type="range"
          min="0"
          max={images.length - 1}
          value={index}
          aria-label={`Step of ${name}`}
          aria-valuetext={`step ${image.step}`}
          onInput={(event) => choose(Number(event.currentTarget.value))}
        />
      )}
    </figure>
  );
}

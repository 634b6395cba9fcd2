/** What SummaryWriters wrote beside scalars: images, histograms, texts, and how the files were read. */
import type { ComponentType } from 'preact';
import { getTensorboard, type EventFile, type SummaryTag, type Tensorboard } from '../api/tensorboard';
import { bytes, count } from '../format';
import { nouns } from '../nouns';
import { useRead } from '../query';
import { place, setQuery } from '../router';
import { Empty, Section, Shown, When } from './basics';
import { Table } from './table';
import { HistogramTag, ImageTag, TextTag, type TagProps } from './tensorboard-samples';

const pollMs = 2_000;
/** Further tags are found by their name. */
const tagsShownMax = 24;

/** Whether a run has a tab of this kind, and what is on it. */
export function useTensorboard(run_id: string, running: boolean) {
  return useRead(`tensorboard:${run_id}`, (signal) => getTensorboard(run_id, signal), { on: nouns.run, pollMs: running ? pollMs : undefined });
}

export function TensorboardTab(props: { run_id: string; running: boolean }) {
  const read = useTensorboard(props.run_id, props.running);
  return (
    <Shown read={read} rows={8}>
      {(data) =>
        data.files.length === 0 ? (
          <Empty title="No event files were read into this run." command="millwright tensorboard ./logs">
            Event files among a run's artifacts, or in a folder that is followed, appear here.
          </Empty>
        ) : (
          <Summaries {...props} data={data} />
        )
      }
    </Shown>
  );
}

function Summaries(props: { run_id: string; running: boolean; data: Tensorboard }) {
  const wanted = place.value.query.get('tag') ?? '';
  const found = (kind: SummaryTag['kind']) => props.data.tags.filter((tag) => tag.kind === kind && tag.tag.toLowerCase().includes(wanted.toLowerCase()));
  const shared = { run_id: props.run_id, pollMs: props.running ? pollMs : undefined };
  return (
    <>
      <input
        class="tag-search"
        type="search"
        placeholder="Find a tag"
        aria-label="Find a tag"
        value={wanted}
        onInput={(event) => setQuery({ tag: event.currentTarget.value || undefined }, { replace: true })}
      />
      <Tags title="Images" tags={found('image')} show={ImageTag} {...shared} />
      <Tags title="Histograms" tags={found('histogram')} show={HistogramTag} {...shared} />
      <Tags title="Texts" tags={found('text')} show={TextTag} {...shared} />
      <NotShown tags={found('other')} />
      <Files files={props.data.files} />
    </>
  );
}

function Tags(props: { title: string; tags: SummaryTag[]; show: ComponentType<TagProps>; run_id: string; pollMs?: number }) {
  const Show = props.show;
  if (props.tags.length === 0) return null;
  const rest = props.tags.length - tagsShownMax;
  return (
    <Section title={props.title} note={props.tags.length}>
      <div class="samples">
        {props.tags.slice(0, tagsShownMax).map((tag) => (
          <Show key={tag.tag} tag={tag} run_id={props.run_id} pollMs={props.pollMs} />
        ))}
      </div>
      {rest > 0 && <p class="muted">{count(rest)} more: find them by name.</p>}
    </Section>
  );
}

function NotShown(props: { tags: SummaryTag[] }) {
  if (props.tags.length === 0) return null;
  return (
    <Section title="Not shown" note={props.tags.length} flush>
      <Table
        label="Not shown"
        rows={props.tags}
        rowKey={(tag) => tag.tag}
        columns={[
          { id: 'tag', label: 'Tag', grow: true, cell: (tag) => tag.tag },
          { id: 'plugin', label: 'Kind', cell: (tag) => tag.plugin },
          { id: 'seen', label: 'Values', number: true, cell: (tag) => count(tag.seen) },
        ]}
      />
    </Section>
  );
}

function Files(props: { files: EventFile[] }) {
  return (
    <Section title="Event files" note={props.files.length} flush>
      <Table
        label="Event files"
        rows={props.files}
        rowKey={(file) => file.file}
        columns={[
          {
            id: 'file',
            label: 'File',
            grow: true,
            cell: (file) => (
              <>
                {file.file}
                {file.problem && <p class="bad-text">Not read on: {file.problem}</p>}
              </>
            ),
          },
          { id: 'records', label: 'Records', number: true, cell: (file) => count(file.records) },
          { id: 'offset', label: 'Read', number: true, cell: (file) => bytes(file.offset) },
          { id: 'updated', label: 'Last', cell: (file) => <When ms={file.updated_ms} /> },
        ]}
      />
    </Section>
  );
}

/** The tags of a run, to read and to change. */
import { useState } from 'preact/hooks';
import { deleteRunTag, setRunTag } from '../api/experiments';
import type { KeyValue, Run } from '../api/mlflow';
import { Empty, Section } from '../components/basics';
import { Dialog } from '../components/dialog';
import { Table } from '../components/table';

type Asked = { what: 'set' | 'delete'; tag: KeyValue };

export function TagsTab(props: { run: Run; readOnly: boolean; reload: () => void }) {
  const tags = [...(props.run.data.tags ?? [])].sort((a, b) => a.key.localeCompare(b.key));
  const [asked, setAsked] = useState<Asked | undefined>();
  const close = () => setAsked(undefined);
  const { run_id } = props.run.info;
  return (
    <Section
      title="Tags"
      note={tags.length}
      flush
      tools={
        !props.readOnly && (
          <button type="button" onClick={() => setAsked({ what: 'set', tag: { key: '', value: '' } })}>
            Set a tag
          </button>
        )
      }
    >
      {tags.length === 0 ? (
        <Empty title="The run has no tags." />
      ) : (
        <Table
          label="Tags"
          rows={tags}
          rowKey={(tag) => tag.key}
          columns={[
            { id: 'key', label: 'Tag', cell: (tag) => tag.key },
            { id: 'value', label: 'Value', grow: true, cell: (tag) => <span title={tag.value}>{tag.value}</span> },
            {
              id: 'actions',
              label: <span class="hidden">Actions</span>,
              cell: (tag) =>
                !props.readOnly && (
                  <span class="row-actions">
                    <button type="button" class="plain small" aria-label={`Edit ${tag.key}`} onClick={() => setAsked({ what: 'set', tag })}>
                      Edit
                    </button>
                    <button type="button" class="plain small" aria-label={`Delete ${tag.key}`} onClick={() => setAsked({ what: 'delete', tag })}>
                      Delete
                    </button>
                  </span>
                ),
            },
          ]}
        />
      )}
      {asked?.what === 'set' && <SetTag tag={asked.tag} close={close} act={(tag) => setRunTag(run_id, tag.key, tag.value).then(props.reload)} />}
      {asked?.what === 'delete' && (
        <Dialog title={`Delete tag ${asked.tag.key}?`} action="Delete" danger close={close} act={() => deleteRunTag(run_id, asked.tag.key).then(props.reload)} />
      )}
    </Section>
  );
}

function SetTag(props: { tag: KeyValue; close: () => void; act: (tag: KeyValue) => Promise<unknown> }) {
  const [tag, setTag] = useState(props.tag);
  const known = props.tag.key !== '';
  return (
    <Dialog title={known ? `Edit ${props.tag.key}` : 'Set a tag'} action="Save" close={props.close} act={() => props.act(tag)}>
      <label class="ask-field">
        <span>Name</span>
        <input required readOnly={known} autofocus={!known} value={tag.key} onInput={(event) => setTag({ ...tag, key: event.currentTarget.value })} />
      </label>
      <label class="ask-field">
        <span>Value</span>
        <textarea rows={4} autofocus={known} value={tag.value} onInput={(event) => setTag({ ...tag, value: event.currentTarget.value })} />
      </label>
    </Dialog>
  );
}

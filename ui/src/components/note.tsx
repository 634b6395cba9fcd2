/** A description that people write about a run or an experiment, in Markdown. */
import { useState } from 'preact/hooks';
import { Markdown } from './markdown';

export function Note(props: { text: string; write?: (text: string) => Promise<unknown> }) {
  const [draft, setDraft] = useState<string | undefined>();
  const [error, setError] = useState<Error | undefined>();
  const save = async () => {
    try {
      await props.write?.(draft ?? '');
      setDraft(undefined);
      setError(undefined);
    } catch (cause) {
      setError(cause as Error);
    }
  };
  if (draft === undefined)
    return (
      <div class={props.text ? 'note-box' : 'note-box empty-note'}>
        {props.text && (
          <div class="note-text">
            <Markdown text={props.text} />
          </div>
        )}
        {props.write && (
          <button type="button" class="plain small" onClick={() => setDraft(props.text)}>
            {props.text ? 'Edit description' : 'Add a description'}
          </button>
        )}
      </div>
    );
  return (
    <div class="note-box">
      <textarea
        aria-label="Description"
        rows={Math.min(16, draft.split('\n').length + 2)}
        autofocus
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void save();
        }}
      />
      {error && (
        <p class="bad-text" role="alert">
          {error.message}
        </p>
      )}
      <div class="row">
        <button type="button" class="primary" onClick={() => void save()}>
          Save
        </button>
        <button type="button" onClick={() => setDraft(undefined)}>
          Cancel
        </button>
      </div>
    </div>
  );
}

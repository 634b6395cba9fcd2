/** Asking before something is done: a native dialog, so that focus and Escape are the browser's. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** `act` does it; what it throws is shown and the dialog stays. */
export function Dialog(props: {
  title: string;
  action: string;
  danger?: boolean;
  act: () => Promise<unknown>;
  close: () => void;
  children?: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<Error | undefined>();
  const [busy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await props.act();
      props.close();
    } catch (cause) {
      setError(cause instanceof Error ? cause : new Error(String(cause)));
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} class="ask" aria-label={props.title} onClose={props.close}>
      <form onSubmit={(event) => void submit(event)}>
        <h2>{props.title}</h2>
        {props.children}
        {error && (
          <p class="bad-text" role="alert">
            {error.message}
          </p>
        )}
        <div class="ask-actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class={props.danger ? 'danger' : 'primary'} disabled={busy}>
            {props.action}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** Asks for one line of text. */
export function TextDialog(props: { title: string; label: string; value: string; action: string; act: (text: string) => Promise<unknown>; close: () => void }) {
  const [text, setText] = useState(props.value);
  return (
    <Dialog title={props.title} action={props.action} act={() => props.act(text)} close={props.close}>
      <label class="ask-field">
        <span>{props.label}</span>
        <input autofocus required value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
    </Dialog>
  );
}

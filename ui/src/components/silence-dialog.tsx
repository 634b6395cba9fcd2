/** Asks which alerts are to be silent, for how long and why. */
import { useState } from 'preact/hooks';
import { createSilence } from '../api/alerts';
import { Dialog } from './dialog';

export function SilenceDialog(props: { matchers: readonly string[]; close: () => void; done?: () => void }) {
  const [matchers, setMatchers] = useState(props.matchers.join('\n'));
  const [lasts, setLasts] = useState('2h');
  const [comment, setComment] = useState('');
  const act = async () => {
    await createSilence({ matchers: matchers.split('\n').map((line) => line.trim()).filter(Boolean), for: lasts.trim(), comment: comment.trim() });
    props.done?.();
  };
  return (
    <Dialog title="Silence alerts" action="Silence" act={act} close={props.close}>
      <label class="ask-field">
        <span>Conditions on labels, one a line; all must hold</span>
        <textarea required rows={4} placeholder={'rule=disk-nearly-full\nteam=~"risk|fraud"'} value={matchers} onInput={(event) => setMatchers(event.currentTarget.value)} />
      </label>
      <label class="ask-field">
        <span>For how long (30m, 8h, 2d)</span>
        <input required value={lasts} onInput={(event) => setLasts(event.currentTarget.value)} />
      </label>
      <label class="ask-field">
        <span>Why</span>
        <input autofocus required value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
      </label>
    </Dialog>
  );
}

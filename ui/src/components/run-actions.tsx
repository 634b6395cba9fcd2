/** What can be done with the runs that are selected. */
import { useState } from 'preact/hooks';
import { changeRuns, renameRun } from '../api/experiments';
import { grouped, plural } from '../format';
import { href } from '../router';
import { Dialog, TextDialog } from './dialog';

export const comparedMost = 100;
/** More than this is deleted by a filter and a script, not by clicks. */
export const selectedMost = 1_000;

export function RunActions(props: { selected: readonly string[]; select: (ids: readonly string[]) => void; deleted: boolean; changed: () => void }) {
  const { selected } = props;
  const [asked, setAsked] = useState<'rename' | 'change' | undefined>();
  const [done, setDone] = useState(0);
  const comparable = selected.length >= 2 && selected.length <= comparedMost;
  const verb = props.deleted ? 'restore' : 'delete';
  const finish = () => {
    props.select([]);
    props.changed();
  };
  return (
    <>
      {selected.length > 0 && (
        <>
          <button type="button" class="plain" onClick={() => props.select([])}>
            Clear {grouped(selected.length)}
          </button>
          {selected.length === 1 && !props.deleted && (
            <button type="button" onClick={() => setAsked('rename')}>
              Rename
            </button>
          )}
          <button type="button" onClick={() => (setDone(0), setAsked('change'))}>
            {props.deleted ? 'Restore' : 'Delete'}
          </button>
        </>
      )}
      <a
        class="button primary"
        aria-disabled={!comparable}
        href={comparable ? href('/compare', {}, { runs: selected.join(',') }) : undefined}
        title={selected.length < 2 ? 'Select two runs or more' : selected.length > comparedMost ? `At most ${comparedMost} runs` : undefined}
      >
        Compare{selected.length > 1 ? ` ${grouped(selected.length)}` : ''}
      </a>
      {asked === 'rename' && (
        <TextDialog title="Rename the run" label="Name" value="" action="Rename" close={() => setAsked(undefined)} act={(name) => renameRun(selected[0]!, name).then(props.changed)} />
      )}
      {asked === 'change' && (
        <Dialog
          title={`${props.deleted ? 'Restore' : 'Delete'} ${plural(selected.length, 'run')}?`}
          action={props.deleted ? 'Restore' : 'Delete'}
          danger={!props.deleted}
          close={() => setAsked(undefined)}
          act={() => changeRuns(verb, selected, setDone).then(finish)}
        >
          <p>{props.deleted ? 'The runs become active again.' : 'The runs are marked as deleted. They can be restored until the garbage collection removes them.'}</p>
          {done > 0 && (
            <p role="status">
              {grouped(done)} of {grouped(selected.length)}
            </p>
          )}
        </Dialog>
      )}
    </>
  );
}

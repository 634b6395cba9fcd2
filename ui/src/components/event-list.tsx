/** Events as lines: when, what, about what, by whom. */
import type { Event } from '../api/events';
import { cli } from '../cli';
import { inline, shortId } from '../format';
import { subjectPath } from '../links';
import { Empty, When } from './basics';
import { Table } from './table';

/** `run:4f2a…9c` with only the head of a long id. */
export function subjectText(subject: string): string {
  const colon = subject.indexOf(':');
  return colon < 0 ? subject : `${subject.slice(0, colon).replace(/_/g, ' ')} ${shortId(subject.slice(colon + 1))}`;
}

function payloadText(payload: Record<string, unknown>): string {
  return Object.entries(payload)
    .map(([key, value]) => `${key} ${inline(value)}`)
    .join(' · ');
}

const tones: readonly (readonly [RegExp, string])[] = [
  [/\.(failed|opened|refused|died)|failed|error/i, 'bad'],
  [/\.(held|retried|skipped|rolled_back)|held|cancelled|killed/i, 'warn'],
  [/\.(started|stepped)/, 'busy'],
  [/\.(finished|passed|moved|closed|checked)/, 'good'],
];

/** Whether something ended well is said by its payload, not by its kind. */
function toneOf(event: Event): string {
  const { state, status, success } = event.payload;
  if (success === false) return 'bad';
  const said = [event.kind, state, status].filter((each) => typeof each === 'string').join(' ');
  return tones.find(([pattern]) => pattern.test(said))?.[1] ?? 'quiet';
}

export function EventList(props: { events: readonly Event[]; onEnd?: () => void; height?: string }) {
  if (props.events.length === 0) {
    return (
      <Empty title="Nothing has happened yet." command={cli.quickDemo}>
        Every change of state is an event and appears here as it happens.
      </Empty>
    );
  }
  return (
    <Table
      label="Events"
      rows={props.events}
      rowKey={(event) => event.seq}
      to={(event) => subjectPath(event.subject) ?? '/events'}
      onEnd={props.onEnd}
      height={props.height}
      columns={[
        { id: 'time', label: 'When', cell: (event) => <When ms={event.time_ms} /> },
        {
          id: 'kind',
          label: 'Event',
          cell: (event) => (
            <span class={`event-kind ${toneOf(event)}`}>
              <span class="mark" aria-hidden="true" />
              {event.kind}
            </span>
          ),
        },
        {
          id: 'subject',
          label: 'About',
          cell: (event) => {
            const to = subjectPath(event.subject);
            const text = subjectText(event.subject);
            return (
              <span class="clipped" title={event.subject}>
                {to ? <a href={to}>{text}</a> : text}
              </span>
            );
          },
        },
        { id: 'payload', label: 'What', grow: true, cell: (event) => <span title={payloadText(event.payload)}>{payloadText(event.payload)}</span> },
        { id: 'who', label: 'By', cell: (event) => <span class="muted">{event.who}</span> },
        { id: 'seq', label: 'Seq', number: true, cell: (event) => <span class="muted">{event.seq}</span> },
      ]}
    />
  );
}

/** The event log, newest first, growing live. */
import { useState } from 'preact/hooks';
import { listEvents, type Event } from '../api/events';
import { Page, Section, Shown } from '../components/basics';
import { EventList } from '../components/event-list';
import { recentEvents } from '../live';
import { useRead } from '../query';
import { place, setQuery } from '../router';

const pageSize = 200;

/** Joins the pages read with what came since, newest first, each once. */
export function joinEvents(...lists: readonly (readonly Event[])[]): Event[] {
  const bySeq = new Map<number, Event>();
  for (const event of lists.flat()) bySeq.set(event.seq, event);
  return [...bySeq.values()].sort((a, b) => b.seq - a.seq);
}

export function Events() {
  const first = useRead('events:page', (signal) => listEvents({ limit: pageSize }, signal));
  const [older, setOlder] = useState<Event[]>([]);
  const [ended, setEnded] = useState(false);
  const wanted = place.value.query.get('q')?.toLowerCase() ?? '';
  const all = joinEvents(recentEvents.value, first.data ?? [], older);
  const shown = wanted
    ? all.filter((event) => `${event.kind} ${event.subject} ${event.who} ${JSON.stringify(event.payload)}`.toLowerCase().includes(wanted))
    : all;

  const more = () => {
    const last = all[all.length - 1];
    if (!last || ended) return;
    void listEvents({ before: last.seq, limit: pageSize }).then((next) => {
      if (next.length < pageSize) setEnded(true);
      setOlder((known) => joinEvents(known, next));
    });
  };

  return (
    <Page title="Events" sub="Everything that changed, in order. Webhooks, triggers and the audit trail read this same log.">
      <div class="toolbar">
        <input
          type="search"
          data-search
          placeholder="Filter by kind, subject, who…"
          aria-label="Filter events"
          value={place.value.query.get('q') ?? ''}
          onInput={(event) => setQuery({ q: event.currentTarget.value }, { replace: true })}
        />
        <span class="muted">{shown.length} shown</span>
      </div>
      <Section title="Log" flush>
        <Shown read={first} rows={10}>
          {() => (
            <>
              <EventList events={shown} height="calc(100vh - 240px)" />
              {!ended && all.length >= pageSize && (
                <div class="more">
                  <button type="button" onClick={more}>
                    Older events
                  </button>
                </div>
              )}
            </>
          )}
        </Shown>
      </Section>
    </Page>
  );
}

/** One server-sent event stream for the whole page; views ask to be told about the nouns they show. */
import { signal } from '@preact/signals';
import { eventStreamPath, type Event } from './api/events';

export type LiveState = 'connecting' | 'live' | 'offline';

export const liveState = signal<LiveState>('connecting');
/** The latest events, newest first, for the views that list them. */
export const recentEvents = signal<Event[]>([]);

/** The clock of relative times; one timer for all of them. */
export const now = signal(Date.now());

const recentMax = 200;
const tickMs = 5_000;
/** After an answer that is no stream the browser gives up by itself; this asks again. */
const retryMs = 5_000;
/** A browser opens six connections to a server: tabs that nobody looks at give theirs back. */
const hiddenMs = 20_000;

type Listener = () => void;
const listeners = new Set<{ nouns: readonly string[]; listener: Listener }>();

/** The noun of `model_version.created` is `model_version`. */
export function nounOf(kind: string): string {
  const dot = kind.indexOf('.');
  return dot < 0 ? kind : kind.slice(0, dot);
}

/** Calls back when something of these nouns may have changed, `*` for all; returns the way to stop. */
export function onEvents(nouns: readonly string[], listener: Listener): () => void {
  const entry = { nouns, listener };
  listeners.add(entry);
  return () => listeners.delete(entry);
}

function tell(noun: string | undefined): void {
  for (const { nouns, listener } of listeners) {
    if (noun === undefined || nouns.includes('*') || nouns.includes(noun)) listener();
  }
}

function take(message: MessageEvent<string>): void {
  let event: Event;
  try {
    event = JSON.parse(message.data) as Event;
  } catch {
    return;
  }
  now.value = Date.now();
  recentEvents.value = [event, ...recentEvents.value].slice(0, recentMax);
  tell(nounOf(event.kind));
}

let source: EventSource | undefined;

function open(): void {
  source?.close();
  const opened = new EventSource(eventStreamPath);
  source = opened;
  opened.onopen = () => {
    liveState.value = 'live';
  };
  opened.onerror = () => {
    const gaveUp = opened.readyState === EventSource.CLOSED;
    liveState.value = gaveUp ? 'offline' : 'connecting';
    if (gaveUp) setTimeout(() => source === opened && open(), retryMs);
  };
  opened.onmessage = take;
}

export function startLive(): void {
  setInterval(() => {
    now.value = Date.now();
  }, tickMs);
  open();
  let leaving: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(leaving);
    if (document.visibilityState === 'hidden') {
      leaving = setTimeout(() => {
        source?.close();
        source = undefined;
      }, hiddenMs);
    } else if (!source) {
      now.value = Date.now();
      open();
      // What happened meanwhile was not heard of, so that every view reads again.
      tell(undefined);
    }
  });
}

/** One server-sent event stream for the whole page; views ask to be told about the nouns they show. */
import { signal } from '@preact/signals';
import { eventStreamPath, type Event } from './api/events';

export type LiveState = 'connecting' | 'live' | 'offline';

export const liveState = signal<LiveState>('connecting');
/** The latest events, newest first, for the views that list them. */
export const recentEvents = signal<Event[]>([]);

/** The present minute's clock for relative times; one timer for all of them. */
export const now = signal(Date.now());

const recentMax = 200;

type Listener = (event: Event) => void;
const listeners = new Set<Listener>();

/** The noun of `model_version.created` is `model_version`. */
export function nounOf(kind: string): string {
  const dot = kind.indexOf('.');
  return dot < 0 ? kind : kind.slice(0, dot);
}

/** Calls back for events of these nouns; returns the way to stop. */
export function onEvents(nouns: readonly string[], listener: Listener): () => void {
  const chosen: Listener = (event) => {
    if (nouns.includes(nounOf(event.kind))) listener(event);
  };
  listeners.add(chosen);
  return () => listeners.delete(chosen);
}

export function startLive(): void {
  setInterval(() => {
    now.value = Date.now();
  }, 5_000);
  const source = new EventSource(eventStreamPath);
  source.onopen = () => {
    liveState.value = 'live';
  };
  source.onerror = () => {
    liveState.value = source.readyState === EventSource.CLOSED ? 'offline' : 'connecting';
  };
  source.onmessage = (message) => {
    let event: Event;
    try {
      event = JSON.parse(message.data as string) as Event;
    } catch {
      return;
    }
    now.value = Date.now();
    recentEvents.value = [event, ...recentEvents.value].slice(0, recentMax);
    for (const listener of listeners) listener(event);
  };
}

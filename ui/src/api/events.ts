/** The event log: everything that changed, in order. */
import { getJson } from './client';

/**
 * `kind` is `<noun>.<past participle>` out of the server's table of kinds (src/events/kinds.h); by
 * the noun a view knows what to read again (`nouns.ts`). `subject` is written like a lineage node
 * (`run:4f2…`, `model:flights-late@2`), so that it can be linked.
 */
export interface Event {
  seq: number;
  time_ms: number;
  kind: string;
  subject: string;
  who: string;
  payload: Record<string, unknown>;
}

/**
 * `GET /api/v1/events` → `{events}`, newest first. `after` keeps those with a greater `seq`,
 * `before` those with a smaller one (which is how to page back).
 */
export async function listEvents(
  query: { after?: number; before?: number; limit?: number },
  signal?: AbortSignal,
): Promise<Event[]> {
  return (await getJson<{ events: Event[] }>('/api/v1/events', query, signal)).events;
}

/**
 * `GET /api/v1/events/stream`: server-sent events, each `data:` one Event as JSON, `id:` its seq;
 * a reconnecting browser sends `Last-Event-ID` and misses nothing. Without it the stream starts now.
 */
export const eventStreamPath = '/api/v1/events/stream';

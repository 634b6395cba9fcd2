/** Webhooks: who is told of events over HTTP, what they were told and what came of it. */
import { getJson, postJson, request, segment } from './client';

export type DeliveryState = 'pending' | 'delivered' | 'dead';

/** One row of `GET /api/v1/webhooks` → `{webhooks, next?}`, newest first. The secret is never sent. */
export interface Webhook {
  id: string;
  name: string;
  description: string | null;
  url: string;
  /** `event` for Millwright's own messages, `mlflow` for those made through MLflow's API. */
  format: string;
  events: string[];
  status: 'ACTIVE' | 'DISABLED';
  signed: boolean;
  created_ms: number;
  updated_ms: number;
  created_by: string;
  pending: number;
  dead: number;
}

/** One row of `GET /api/v1/webhooks/{id}/deliveries` → `{deliveries, next?}`, newest first. */
export interface Delivery {
  seq: number;
  id: string;
  webhook: string;
  event: string;
  subject: string;
  state: DeliveryState;
  attempts: number;
  due_ms: number;
  error: string;
  created_ms: number;
  finished_ms: number | null;
}

export interface Attempt {
  number: number;
  started_ms: number;
  duration_ms: number;
  /** Null when there was no answer; `error` then says why. */
  status: number | null;
  error: string;
  response: string;
}

/** `GET /api/v1/webhook-deliveries/{id}`: also the message and its attempts, newest first. */
export interface DeliveryDetail extends Delivery {
  body: string;
  log: Attempt[];
}

export interface NewWebhook {
  name: string;
  url: string;
  events: string[];
  secret?: string;
}

const at = (id: string) => `/api/v1/webhooks/${segment(id)}`;
const deliveryAt = (id: string) => `/api/v1/webhook-deliveries/${segment(id)}`;

export async function listWebhooks(signal?: AbortSignal): Promise<Webhook[]> {
  const all: Webhook[] = [];
  let before: number | undefined;
  do {
    const page: { webhooks: Webhook[]; next?: number } = await getJson('/api/v1/webhooks', { before }, signal);
    all.push(...page.webhooks);
    before = page.next;
  } while (before !== undefined);
  return all;
}

export function getWebhook(id: string, signal?: AbortSignal): Promise<Webhook> {
  return getJson(at(id), {}, signal);
}

export function createWebhook(webhook: NewWebhook): Promise<Webhook> {
  return postJson('/api/v1/webhooks', webhook);
}

export async function setWebhookStatus(id: string, status: Webhook['status']): Promise<void> {
  await request(at(id), { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ status }) });
}

export async function deleteWebhook(id: string): Promise<void> {
  await request(at(id), { method: 'DELETE' });
}

/** Sends a made-up message now and tells what came of it. */
export function testWebhook(id: string): Promise<Attempt & { delivered: boolean }> {
  return postJson(`${at(id)}/test`, {});
}

export async function replayDead(id: string): Promise<number> {
  return (await postJson<{ replayed: number }>(`${at(id)}/replay`, {})).replayed;
}

export function listDeliveries(
  id: string,
  query: { state?: DeliveryState; event?: string; before?: number; limit?: number },
  signal?: AbortSignal,
): Promise<{ deliveries: Delivery[]; next?: number }> {
  return getJson(`${at(id)}/deliveries`, query, signal);
}

export function getDelivery(id: string, signal?: AbortSignal): Promise<DeliveryDetail> {
  return getJson(deliveryAt(id), {}, signal);
}

export function replayDelivery(id: string): Promise<Delivery> {
  return postJson(`${deliveryAt(id)}/replay`, {});
}

/** Alerts of rules and monitors, the rules, silences, and who is told. */
import { getJson, postJson, request, segment } from './client';
import type { Alert } from './monitors';
import type { Delivery } from './webhooks';

export interface TimelineEntry {
  time_ms: number;
  what: string;
  who: string;
  note: string;
}

/** `GET /api/v1/alerts/{id}`. */
export interface AlertDetails extends Alert {
  timeline: TimelineEntry[];
  silenced_by: string[];
  inhibited: boolean;
}

export interface AlertRule {
  name: string;
  expr: string;
  above?: number;
  at_least?: number;
  below?: number;
  at_most?: number;
  resolve_at?: number;
  for: string;
  keep_firing_for: string;
  severity: string;
  enabled: boolean;
  version: number;
  updated_ms: number;
  updated_by: string;
}

export interface Silence {
  id: string;
  matchers: string[];
  starts_ms: number;
  ends_ms: number;
  who: string;
  comment: string;
  state: 'active' | 'pending' | 'expired';
}

export interface AlertReceiver {
  name: string;
  kind: string;
  url: string;
  pending: number;
  dead: number;
}

export interface AlertRoute {
  match?: string[];
  receiver: string;
  group_by: string[];
  group_wait: string;
  group_interval: string;
  repeat_interval: string;
  routes: AlertRoute[];
}

export interface AlertQuery {
  state?: 'open' | 'closed';
  phase?: 'pending' | 'firing' | 'resolved';
  monitor?: string;
  rule?: string;
  before?: string;
}

export function pageOfAlerts(query: AlertQuery, signal?: AbortSignal): Promise<{ alerts: Alert[]; next?: string }> {
  return getJson('/api/v1/alerts', { ...query }, signal);
}

export function getAlert(id: string, signal?: AbortSignal): Promise<AlertDetails> {
  return getJson(`/api/v1/alerts/${segment(id)}`, {}, signal);
}

export function acknowledge(id: string, note: string): Promise<unknown> {
  return postJson(`/api/v1/alerts/${segment(id)}/ack`, { note });
}

export function withdrawAcknowledgement(id: string): Promise<unknown> {
  return request(`/api/v1/alerts/${segment(id)}/ack`, { method: 'DELETE' });
}

export async function listRules(signal?: AbortSignal): Promise<AlertRule[]> {
  return (await getJson<{ rules: AlertRule[] }>('/api/v1/alert-rules', {}, signal)).rules;
}

export async function listSilences(signal?: AbortSignal): Promise<Silence[]> {
  return (await getJson<{ silences: Silence[] }>('/api/v1/silences', { ended: true }, signal)).silences;
}

export function createSilence(silence: { matchers: string[]; for: string; comment: string }): Promise<Silence> {
  return postJson('/api/v1/silences', silence);
}

export function expireSilence(id: string): Promise<unknown> {
  return request(`/api/v1/silences/${segment(id)}`, { method: 'DELETE' });
}

export async function listReceivers(signal?: AbortSignal): Promise<AlertReceiver[]> {
  return (await getJson<{ receivers: AlertReceiver[] }>('/api/v1/alert-receivers', {}, signal)).receivers;
}

export function getRoutes(signal?: AbortSignal): Promise<{ version: number; routes: AlertRoute }> {
  return getJson('/api/v1/alert-routes', {}, signal);
}

export async function listReceiverDeliveries(name: string, signal?: AbortSignal): Promise<Delivery[]> {
  return (await getJson<{ deliveries: Delivery[] }>(`/api/v1/alert-receivers/${segment(name)}/deliveries`, {}, signal)).deliveries;
}

export function testReceiver(name: string): Promise<{ delivered: boolean; status: number | null; error: string; duration_ms: number }> {
  return postJson(`/api/v1/alert-receivers/${segment(name)}/test`, {});
}

export function replayReceiver(name: string): Promise<unknown> {
  return postJson(`/api/v1/alert-receivers/${segment(name)}/replay`, {});
}

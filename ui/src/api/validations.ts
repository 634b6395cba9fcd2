/** Results of quality suites, in Great Expectations' JSON form. */
import type { Cell } from './datasets';
import { getJson, postJson, request, segment, withQuery } from './client';

/** One row of `GET /api/v1/validations?dataset=` → `{validations}`, newest first. */
export interface ValidationSummary {
  id: string;
  suite: string;
  dataset: string;
  version: number;
  success: boolean;
  evaluated: number;
  unsuccessful: number;
  created_ms: number;
  suite_version: number;
}

export interface ExpectationResult {
  success: boolean;
  expectation_config: { type: string; kwargs: Record<string, unknown> };
  result?: {
    observed_value?: unknown;
    element_count?: number;
    unexpected_count?: number;
    unexpected_percent?: number;
    partial_unexpected_list?: Cell[];
    /** Where results of earlier versions have them. */
    unexpected_rows?: Record<string, Cell>[];
  };
  /** Whole rows that broke the expectation, as column → value. */
  unexpected_rows?: Record<string, Cell>[];
  exception_info?: { raised_exception?: boolean; exception_message?: string | null };
}

/** `GET /api/v1/validations/{id}` */
export interface ValidationResult {
  success: boolean;
  results: ExpectationResult[];
  statistics: {
    evaluated_expectations: number;
    successful_expectations: number;
    unsuccessful_expectations: number;
    success_percent: number;
  };
  /** Which suite judged what, and when. */
  meta?: { suite?: string; suite_version?: number; dataset?: string; version?: number; created_ms?: number };
  /** The name of each result's check, by which histories, comments and proposals know it. */
  expectations: string[];
}

/** What a check came to in one validation. */
export interface CheckPoint {
  validation_id: string;
  version: number;
  suite_version: number;
  created_ms: number;
  standing: 'met' | 'not_met' | 'not_judged';
  unexpected_share?: number;
  observed?: unknown;
}

/** `GET /api/v1/suites/{name}/history` → `{checks}`; points oldest first. */
export interface CheckHistory {
  expectation: string;
  points: CheckPoint[];
}

export interface SuiteComment {
  id: string;
  expectation: string;
  validation_id: string;
  text: string;
  created_ms: number;
  who: string;
}

export type Change = { remove: true } | { set: Record<string, unknown> };

export interface SuiteProposal {
  id: string;
  suite: string;
  expectation: string;
  base_version: number;
  change: Change;
  /** The change in words. */
  words: string;
  reason: string;
  state: 'open' | 'accepted' | 'rejected';
  created_ms: number;
  who: string;
  decided_by?: string;
  decision?: string;
  result_version?: number;
}

export interface SuiteSummary {
  name: string;
  version: number;
  expectations: number;
}

/** `GET /api/v1/suites/{name}`: Great Expectations' form, with its checks by name and in words. */
export interface Suite {
  name: string;
  version: number;
  checks: { name: string; says: string }[];
}

export interface SuiteVersion {
  version: number;
  expectations: number;
  reason: string;
  created_ms: number;
  who: string;
}

/** A suite that judges every new version of a dataset, or every one that is made of a source. */
export interface Attachment {
  suite: string;
  dataset?: string;
  source?: string;
  on_failure: 'quarantine' | 'set-aside' | 'warn';
  created_ms: number;
  who: string;
}

const suite = (name: string) => `/api/v1/suites/${segment(name)}`;

export const getSuite = (name: string, version?: number, signal?: AbortSignal) => getJson<Suite>(suite(name), { version }, signal);

export async function listSuiteVersions(name: string, signal?: AbortSignal): Promise<SuiteVersion[]> {
  return (await getJson<{ versions: SuiteVersion[] }>(`${suite(name)}/versions`, { limit: 1000 }, signal)).versions;
}

export async function getHistory(name: string, dataset: string, signal?: AbortSignal): Promise<CheckHistory[]> {
  return (await getJson<{ checks: CheckHistory[] }>(`${suite(name)}/history`, { dataset }, signal)).checks;
}

export async function listComments(name: string, signal?: AbortSignal): Promise<SuiteComment[]> {
  return (await getJson<{ comments: SuiteComment[] }>(`${suite(name)}/comments`, { limit: 1000 }, signal)).comments;
}

export async function listProposals(name: string, signal?: AbortSignal): Promise<SuiteProposal[]> {
  return (await getJson<{ proposals: SuiteProposal[] }>('/api/v1/suite-proposals', { suite: name, limit: 1000 }, signal)).proposals;
}

export const commentOn = (name: string, body: { expectation: string; text: string; validation_id: string; name: string }) => postJson<SuiteComment>(`${suite(name)}/comments`, body);

export const propose = (name: string, body: { expectation: string; change: Change; reason: string; validation_id: string; name: string }) =>
  postJson<SuiteProposal>(`${suite(name)}/proposals`, body);

export const decide = (id: string, verb: 'accept' | 'reject', reason: string, name: string) => postJson<SuiteProposal>(`/api/v1/suite-proposals/${segment(id)}/${verb}`, { reason, name });

export async function listSuites(signal?: AbortSignal): Promise<SuiteSummary[]> {
  return (await getJson<{ suites: SuiteSummary[] }>('/api/v1/suites', {}, signal)).suites;
}

export async function listAttachments(signal?: AbortSignal): Promise<Attachment[]> {
  return (await getJson<{ attachments: Attachment[] }>('/api/v1/suite-attachments', {}, signal)).attachments;
}

export const attach = (name: string, dataset: string, on_failure: string) => postJson<Attachment>(`${suite(name)}/attachments`, { dataset, on_failure });

export async function detach(name: string, target: { dataset?: string; source?: string }): Promise<void> {
  await request(withQuery(`${suite(name)}/attachments`, target), { method: 'DELETE' });
}

export async function listValidations(dataset?: string, signal?: AbortSignal): Promise<ValidationSummary[]> {
  return (await getJson<{ validations: ValidationSummary[] }>('/api/v1/validations', { dataset }, signal)).validations;
}

export function getValidation(id: string, signal?: AbortSignal): Promise<ValidationResult> {
  return getJson(`/api/v1/validations/${segment(id)}`, {}, signal);
}

/** `GET /api/v1/validations/{id}/report`: an HTML document for people. */
export function validationReportUrl(id: string): string {
  return `/api/v1/validations/${segment(id)}/report`;
}

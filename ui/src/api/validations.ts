/** Results of quality suites, in Great Expectations' JSON form. */
import type { Cell } from './datasets';
import { getJson, segment } from './client';

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
    /** Whole rows that broke the expectation, as column → value. */
    unexpected_rows?: Record<string, Cell>[];
  };
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
  meta?: { suite?: string; dataset?: string; version?: number; created_ms?: number };
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

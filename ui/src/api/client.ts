/**
 * The one place that talks HTTP to the server.
 *
 * Conventions that every route keeps: JSON in snake_case; instants are epoch milliseconds in
 * fields named `*_ms`; lists are `{"<plural>": [...], "next_page_token"?: string}`; a failure has a
 * status of 400 or above and the body `{"error_code", "message"}`, whose message is shown as it is.
 */

/** A refusal or failure, with the server's own words when it had any. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** The field of what was sent that the refusal is about. */
    readonly field = '',
  ) {
    super(message);
    this.name = 'ApiError';
  }

  get isMissing(): boolean {
    return this.status === 404;
  }
}

export type QueryValue = string | number | boolean | undefined | null | readonly string[];

/** Adds the defined values to a path; a list repeats its name, as MLflow's routes expect. */
export function withQuery(path: string, query: Record<string, QueryValue> = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    for (const each of Array.isArray(value) ? value : [value]) search.append(key, String(each));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

export async function request(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init });
  } catch (cause) {
    if (init?.signal?.aborted) throw cause;
    throw new ApiError(0, 'UNREACHABLE', 'The server does not answer. Is `millwright server` running?');
  }
  if (!response.ok) throw await failureOf(response);
  return response;
}

async function failureOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  try {
    const body = JSON.parse(text) as { error_code?: string; message?: string; error?: string; field?: string };
    const message = body.message ?? body.error;
    if (message) return new ApiError(response.status, body.error_code ?? '', message, body.field ?? '');
  } catch {
    // Not JSON: fall through to the status line.
  }
  return new ApiError(response.status, '', `${response.status} ${response.statusText}`.trim());
}

export async function getJson<T>(path: string, query?: Record<string, QueryValue>, signal?: AbortSignal): Promise<T> {
  const response = await request(withQuery(path, query), { signal, headers: { accept: 'application/json' } });
  return (await response.json()) as T;
}

export async function postJson<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const response = await request(path, {
    method: 'POST',
    signal,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as T;
}

/** A path segment made from a name that may hold any character. */
export const segment = encodeURIComponent;

/**
 * Client-side routing without hashes: the address bar is the only state of a view, so every view
 * can be linked, reloaded and gone back to.
 */
import { signal } from '@preact/signals';

export interface Place {
  path: string;
  query: URLSearchParams;
}

export type Params = Record<string, string>;

export function placeOf(url: { pathname: string; search: string }): Place {
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/+$/, '') : url.pathname;
  return { path: path === '' ? '/' : path, query: new URLSearchParams(url.search) };
}

const browser = typeof window !== 'undefined';

/** Where the reader is. */
export const place = signal<Place>(browser ? placeOf(window.location) : { path: '/', query: new URLSearchParams() });

/** Matches `/runs/:id` against a path; a parameter is one decoded segment. */
export function match(pattern: string, path: string): Params | null {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return null;
  const params: Params = {};
  for (let i = 0; i < wanted.length; i += 1) {
    const want = wanted[i]!;
    const have = given[i]!;
    if (want.startsWith(':')) {
      if (have === '') return null;
      try {
        params[want.slice(1)] = decodeURIComponent(have);
      } catch {
        return null;
      }
    } else if (want !== have) {
      return null;
    }
  }
  return params;
}

/** The first route that matches, with its parameters. */
export function resolve<T>(routes: readonly { pattern: string; page: T }[], path: string): { page: T; params: Params } | null {
  for (const route of routes) {
    const params = match(route.pattern, path);
    if (params) return { page: route.page, params };
  }
  return null;
}

/** Fills a pattern: `href('/runs/:id', {id})`, with an optional query whose empty values are left out. */
export function href(pattern: string, params: Params = {}, query: Record<string, string | undefined> = {}): string {
  const path = pattern.replace(/:([a-z_]+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  // Every row of a long table asks for its address while one scrolls; most have no query.
  for (const key in query) if (query[key]) return path + searchOf(new URLSearchParams(), query);
  return path;
}

/** The query after some of its values changed; undefined and '' remove one. */
export function searchOf(current: URLSearchParams, changes: Record<string, string | undefined>): string {
  const next = new URLSearchParams(current);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined || value === '') next.delete(key);
    else next.set(key, value);
  }
  // Commas and colons are legal in a query and much easier to read unescaped.
  const text = next.toString().replace(/%2C/gi, ',').replace(/%3A/gi, ':').replace(/%40/g, '@');
  return text === '' ? '' : `?${text}`;
}

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  const before = place.value.path;
  if (options.replace) window.history.replaceState(null, '', to);
  else window.history.pushState(null, '', to);
  place.value = placeOf(window.location);
  if (place.value.path !== before) window.scrollTo(0, 0);
}

/** Changes the query of the current view. Typing replaces the history entry, choosing adds one. */
export function setQuery(changes: Record<string, string | undefined>, options: { replace?: boolean } = {}): void {
  const next = place.value.path + searchOf(place.value.query, changes);
  if (next !== window.location.pathname + window.location.search) navigate(next, options);
}

const serverPaths = /^\/(api|ajax-api|get-artifact|v2|metrics|health)(\/|$|\?)/;

/** Follows links inside the page; leaves everything else to the browser. */
export function startRouter(): void {
  window.addEventListener('popstate', () => {
    place.value = placeOf(window.location);
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a');
    const to = link?.getAttribute('href');
    if (!link || !to?.startsWith('/') || to.startsWith('//') || serverPaths.test(to)) return;
    if (link.hasAttribute('download') || link.getAttribute('target')) return;
    event.preventDefault();
    navigate(to);
  });
}

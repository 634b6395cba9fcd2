/**
 * Reading from the API inside a component: what was read before shows at once, is read again when
 * an event says that it changed, and a failed refresh keeps the old data beside the error.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { onEvents } from './live';

export interface Read<T> {
  data?: T;
  error?: Error;
  /** True until the first answer for this key. */
  loading: boolean;
  reload: () => void;
}

export interface ReadOptions {
  /** Nouns of events after which to read again; see `api/events.ts`. */
  on?: readonly string[];
  /** Reads again in this rhythm, while the page is visible: for data that makes no events. */
  pollMs?: number;
}

const cacheMax = 120;
const cache = new Map<string, unknown>();

function remember(key: string, data: unknown): void {
  cache.delete(key);
  cache.set(key, data);
  if (cache.size > cacheMax) cache.delete(cache.keys().next().value!);
}

/** Bursts of events (a demo makes hundreds a second) become one refresh. */
const settleMs = 400;

/** `key` names the question: a new key asks anew; null asks nothing. */
export function useRead<T>(key: string | null, read: (signal: AbortSignal) => Promise<T>, options: ReadOptions = {}): Read<T> {
  const [state, setState] = useState<{ key: string | null; data?: T; error?: Error }>({ key: null });
  const reader = useRef(read);
  reader.current = read;
  const again = useRef<() => void>(() => {});
  const nouns = options.on?.join(' ') ?? '';

  useEffect(() => {
    if (key === null) return;
    let controller: AbortController | undefined;
    let settle: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    let busy = false;

    const run = () => {
      controller?.abort();
      busy = true;
      const mine = (controller = new AbortController());
      reader.current(mine.signal).then(
        (data) => {
          if (ended || mine.signal.aborted) return;
          busy = false;
          remember(key, data);
          setState({ key, data });
        },
        (error: unknown) => {
          if (ended || mine.signal.aborted) return;
          busy = false;
          setState({ key, data: cache.get(key) as T | undefined, error: error instanceof Error ? error : new Error(String(error)) });
        },
      );
    };
    again.current = run;
    run();

    const stop = nouns
      ? onEvents(nouns.split(' '), () => {
          settle ??= setTimeout(() => {
            settle = undefined;
            run();
          }, settleMs);
        })
      : undefined;
    const poll = options.pollMs
      ? setInterval(() => {
          // An answer that takes longer than the rhythm would never come if each beat asked anew.
          if (document.visibilityState === 'visible' && !busy) run();
        }, options.pollMs)
      : undefined;

    return () => {
      ended = true;
      controller?.abort();
      clearTimeout(settle);
      clearInterval(poll);
      stop?.();
    };
  }, [key, nouns, options.pollMs]);

  const reload = () => again.current();
  if (key === null) return { loading: false, reload };
  if (state.key === key) return { data: state.data, error: state.error, loading: false, reload };
  const kept = cache.get(key) as T | undefined;
  return { data: kept, loading: kept === undefined, reload };
}

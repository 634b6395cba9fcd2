/** How metric charts are drawn, as it stands in the URL. */
import type { ChartAxis } from './api/tracking';
import type { ScaleKind, Span } from './plot/scale';

export interface ChartSettings {
  axis: ChartAxis;
  log: boolean;
  smoothing: number;
  window: Span | undefined;
}

/** A smoothing of 1 would never move. */
export const smoothingMost = 0.99;

export function settingsOf(query: URLSearchParams, usual: ChartAxis = 'step'): ChartSettings {
  const axis = query.get('axis');
  const smoothing = Number(query.get('smooth') ?? 0);
  const [from, to] = (query.get('zoom') ?? '').split(',').map(Number);
  return {
    axis: axis === 'step' || axis === 'time' || axis === 'relative_time' ? axis : usual,
    log: query.get('scale') === 'log',
    smoothing: Number.isFinite(smoothing) ? Math.max(0, Math.min(smoothingMost, smoothing)) : 0,
    window: Number.isFinite(from) && Number.isFinite(to) && to! > from! ? [from!, to!] : undefined,
  };
}

/** Steps and milliseconds are whole; wider is never wrong. */
export function zoomText(window: Span | undefined): string | undefined {
  return window && `${Math.floor(window[0])},${Math.ceil(window[1])}`;
}

export const scaleKindOf: Record<ChartAxis, ScaleKind> = { step: 'linear', time: 'time', relative_time: 'duration' };
export const axisLabel: Record<ChartAxis, string> = { step: 'step', time: 'time', relative_time: 'time since the start of the run' };

/** Colours of runs: by their id, so that a run looks the same on every page and tomorrow. */

/** FNV-1a over the id's characters. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  // The last characters would otherwise move only the low bits.
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) >>> 0;
}

const hues = 24;
const tones = 3;

/** One of 72 colours that keep 3:1 on the ground of either appearance. */
export function runColour(run_id: string, dark: boolean): string {
  const hash = hashOf(run_id);
  const hue = ((hash % hues) * 360) / hues;
  const tone = Math.floor(hash / hues) % tones;
  // Yellow and green look lighter than blue of the same lightness.
  const bright = hue > 40 && hue < 190 ? -8 : 0;
  const lightness = dark ? 70 - tone * 6 + bright / 2 : 36 + tone * 6 + bright;
  return `hsl(${hue}, ${dark ? 62 : 66}%, ${lightness}%)`;
}

/** A colour for a value between 0 and 1, blue over green to yellow, readable on both grounds. */
export function rampColour(share: number): string {
  const t = Math.max(0, Math.min(1, share));
  const stops: readonly [number, number, number][] = [
    [59, 76, 160],
    [38, 130, 142],
    [74, 176, 109],
    [222, 205, 60],
  ];
  const scaled = t * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(scaled));
  const part = scaled - i;
  const mix = [0, 1, 2].map((channel) => Math.round(stops[i]![channel]! * (1 - part) + stops[i + 1]![channel]! * part));
  return `rgb(${mix.join(', ')})`;
}

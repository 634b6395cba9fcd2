import { describe, expect, test } from 'vitest';
import css from './tokens.css?raw';

function coloursOf(theme: string): Map<string, string> {
  const block = css.slice(css.indexOf(`:root[data-theme='${theme}']`));
  return new Map([...block.slice(0, block.indexOf('}')).matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map((found) => [found[1]!, found[2]!]));
}

/** Relative luminance and contrast as WCAG 2 defines them. */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light! + 0.05) / (dark! + 0.05);
}

const grounds = ['ground', 'surface', 'raised', 'hover', 'chosen', 'code-ground', 'log-ground', 'quiet-ground'];
const chart = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8'];

for (const theme of ['light', 'dark']) {
  describe(`colours of the ${theme} appearance`, () => {
    const colours = coloursOf(theme);
    const of = (one: string, other: string) => contrast(colours.get(one)!, colours.get(other)!);
    const below = (pairs: readonly (readonly [string, string])[], least: number) => pairs.filter(([one, other]) => of(one, other) < least).map(([one, other]) => `${one} on ${other}: ${of(one, other).toFixed(2)}`);

    test('text keeps 4.5:1 on every ground that it stands on', () => {
      expect(below(grounds.flatMap((ground) => ['ink', 'muted', 'accent'].map((text) => [text, ground] as const)), 4.5)).toEqual([]);
      const states = ['good', 'bad', 'warn', 'busy'];
      expect(below([...states.map((state) => [state, `${state}-ground`] as const), ...states.map((state) => [state, 'surface'] as const), ['accent-ink', 'accent']], 4.5)).toEqual([]);
    });

    test('lines, marks and the ring of the focus keep 3:1', () => {
      expect(below([...chart.flatMap((colour) => [[colour, 'surface'], [colour, 'raised'], [colour, 'log-ground']] as const), ...grounds.map((ground) => ['focus', ground] as const)], 3)).toEqual([]); // prettier-ignore
    });
  });
}

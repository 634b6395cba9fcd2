/** Shares of an endpoint's requests while they are dragged: whole percents that add up to 100. */

export type Weights = Record<string, number>;

/**
 * Gives one version a new share. The others give or take in proportion to what they have, and the
 * remainders of rounding go to the largest of them, so that the sum stays 100.
 */
export function moveWeight(weights: Weights, version: string, percent: number): Weights {
  const others = Object.keys(weights).filter((each) => each !== version);
  if (others.length === 0) return { [version]: 100 };
  const wanted = Math.min(100, Math.max(0, Math.round(percent)));
  const left = 100 - wanted;
  const had = others.reduce((sum, each) => sum + (weights[each] ?? 0), 0);
  const moved: Weights = { ...weights, [version]: wanted };
  let given = 0;
  for (const each of others) {
    const share = had > 0 ? ((weights[each] ?? 0) / had) * left : left / others.length;
    moved[each] = Math.floor(share);
    given += moved[each]!;
  }
  const byShare = [...others].sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
  for (let rest = left - given, i = 0; rest > 0; rest -= 1, i = (i + 1) % byShare.length) moved[byShare[i]!]! += 1;
  return moved;
}

/** Which of the 100 slots belong to whom: "0-9,40-54" as numbers. */
export function slotsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(',').flatMap((run) => {
    const [first, last] = run.split('-').map(Number);
    return Array.from({ length: (last ?? first!) - first! + 1 }, (_, i) => first! + i);
  });
}

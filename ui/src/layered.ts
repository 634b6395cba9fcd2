/**
 * Lays a directed graph out in layers, from the top to the bottom, in time that grows with its size, so
 * that a model of 20,000 operators is laid out while one looks: longest paths give the layers, sweeps
 * of averages the order within them, and isotonic regression the places: the closest to where the
 * neighbours are that keep everybody apart.
 */
export interface Box {
  width: number;
  height: number;
}

export interface Arrow {
  from: number;
  to: number;
}

export interface Layered {
  width: number;
  height: number;
  /** Middles, node by node. */
  x: Float64Array;
  y: Float64Array;
  layer: Int32Array;
  /** Of each arrow: x and y of the bends between its ends, one a layer that it passes. */
  bends: number[][];
}

const gapAcross = 18;
const gapDown = 40;
const margin = 16;
/** Width that a passing arrow keeps free. */
const passing = 10;
const sweeps = 10;
/** Longer arrows bend only at both ends: their bends would outnumber the nodes. */
const bendsMost = 40;
const bendsInAllMost = 120_000;

/** Layers by longest path; arrows that close a cycle are left out of it. */
export function layersOf(count: number, arrows: readonly Arrow[]): Int32Array {
  const next: number[][] = Array.from({ length: count }, () => []);
  const before: number[][] = Array.from({ length: count }, () => []);
  const waiting = new Int32Array(count);
  for (const { from, to } of arrows) {
    if (from === to) continue;
    next[from]!.push(to);
    before[to]!.push(from);
    waiting[to]! += 1;
  }
  const layer = new Int32Array(count);
  const done = new Uint8Array(count);
  const order: number[] = [];
  const ready: number[] = [];
  for (let i = 0; i < count; i += 1) if (waiting[i] === 0) ready.push(i);
  let stuck = 0;
  while (order.length < count) {
    if (ready.length === 0) {
      while (done[stuck]) stuck += 1;
      ready.push(stuck);
    }
    const at = ready.pop()!;
    if (done[at]) continue;
    done[at] = 1;
    order.push(at);
    for (const to of next[at]!) {
      if (done[to]) continue;
      layer[to] = Math.max(layer[to]!, layer[at]! + 1);
      waiting[to]! -= 1;
      if (waiting[to] === 0) ready.push(to);
    }
  }
  // What nothing leads to stands right above the first that takes it.
  for (let i = order.length - 1; i >= 0; i -= 1) {
    const at = order[i]!;
    if (before[at]!.length > 0 || next[at]!.length === 0) continue;
    const above = Math.min(...next[at]!.map((to) => layer[to]!)) - 1;
    if (above > layer[at]!) layer[at] = above;
  }
  return layer;
}

/**
 * The places closest to the wanted ones, weighted, that are in order and at least `apart[i]` behind the
 * one before: neighbours that want the same place are pooled and share it.
 */
export function keepApart(wanted: readonly number[], weights: readonly number[], apart: readonly number[]): number[] {
  const offsets: number[] = [];
  const pools: { sum: number; weight: number; size: number }[] = [];
  let offset = 0;
  wanted.forEach((want, i) => {
    offset += i === 0 ? 0 : apart[i]!;
    offsets.push(offset);
    let pool = { sum: (want - offset) * weights[i]!, weight: weights[i]!, size: 1 };
    while (pools.length > 0 && pools.at(-1)!.sum / pools.at(-1)!.weight >= pool.sum / pool.weight) {
      const other = pools.pop()!;
      pool = { sum: other.sum + pool.sum, weight: other.weight + pool.weight, size: other.size + pool.size };
    }
    pools.push(pool);
  });
  const places: number[] = [];
  for (const pool of pools) for (let i = 0; i < pool.size; i += 1) places.push(pool.sum / pool.weight + offsets[places.length]!);
  return places;
}

export function layOut(boxes: readonly Box[], arrows: readonly Arrow[]): Layered {
  const count = boxes.length;
  const layer = layersOf(count, arrows);
  const layers: number[][] = [];
  const widths: number[] = boxes.map((box) => box.width);
  const level: number[] = Array.from(layer);
  for (let i = 0; i < count; i += 1) (layers[layer[i]!] ??= []).push(i);
  for (let i = 0; i < layers.length; i += 1) layers[i] ??= [];

  // A long arrow is a chain of points, one in each layer that it passes, which keep their place as nodes do.
  const up: number[][] = Array.from({ length: count }, () => []);
  const down: number[][] = Array.from({ length: count }, () => []);
  const chains: number[][] = [];
  const link = (from: number, to: number) => {
    down[from]!.push(to);
    up[to]!.push(from);
  };
  let bendsInAll = 0;
  for (const { from, to } of arrows) {
    const [top, bottom] = level[from]! <= level[to]! ? [from, to] : [to, from];
    const passed = level[bottom]! - level[top]! - 1;
    const chain: number[] = [];
    chains.push(chain);
    if (passed < 0) continue;
    if (passed > 0 && passed <= bendsMost && bendsInAll + passed <= bendsInAllMost) {
      bendsInAll += passed;
      for (let at = level[top]! + 1; at < level[bottom]!; at += 1) {
        const point = widths.length;
        widths.push(passing);
        level.push(at);
        up.push([]);
        down.push([]);
        layers[at]!.push(point);
        chain.push(point);
      }
      [top, ...chain].forEach((point, i, all) => link(point, all[i + 1] ?? bottom));
      if (top !== from) chain.reverse();
    } else if (passed === 0) {
      link(top, bottom);
    }
  }

  const x = new Float64Array(widths.length);
  const average = (of: readonly number[]) => of.reduce((sum, each) => sum + x[each]!, 0) / of.length;
  const isPoint = (each: number) => each >= count;
  for (const row of layers) row.forEach((each, i) => (x[each] = i));
  const arrange = (row: number[], beside: number[][], order: boolean) => {
    const want = new Map(row.map((each) => [each, beside[each]!.length > 0 ? average(beside[each]!) : x[each]!]));
    if (order) row.sort((a, b) => want.get(a)! - want.get(b)!);
    const apart = row.map((each, i) => (i === 0 ? 0 : (widths[row[i - 1]!]! + widths[each]!) / 2 + gapAcross));
    const weights = row.map((each) => (isPoint(each) && beside[each]!.some(isPoint) ? 6 : Math.max(1, beside[each]!.length)));
    keepApart(row.map((each) => want.get(each)!), weights, apart).forEach((place, i) => (x[row[i]!] = place));
  };
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    // The last sweeps only straighten; an order that still changed would cross arrows again.
    const order = sweep < sweeps - 4;
    if (sweep % 2 === 0) for (const row of layers) arrange(row, up, order);
    else for (let i = layers.length - 1; i >= 0; i -= 1) arrange(layers[i]!, down, order);
  }

  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < widths.length; i += 1) {
    least = Math.min(least, x[i]! - widths[i]! / 2);
    most = Math.max(most, x[i]! + widths[i]! / 2);
  }
  const middle: number[] = [];
  let top = margin;
  for (const row of layers) {
    const height = Math.max(24, ...row.filter((each) => !isPoint(each)).map((each) => boxes[each]!.height));
    middle.push(top + height / 2);
    top += height + gapDown;
  }
  const shift = count === 0 ? 0 : margin - least;
  return {
    width: count === 0 ? 0 : most - least + 2 * margin,
    height: Math.max(0, top - gapDown + margin),
    x: Float64Array.from({ length: count }, (_, i) => x[i]! + shift),
    y: Float64Array.from({ length: count }, (_, i) => middle[layer[i]!]!),
    layer,
    bends: chains.map((chain) => chain.flatMap((point) => [x[point]! + shift, middle[level[point]!]!])),
  };
}

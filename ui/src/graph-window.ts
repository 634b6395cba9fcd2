/** The window through which a graph is looked at: pure arithmetic of places, no browser in it. */
import type { Digest } from './onnx-digest';
import type { Layered } from './layered';

export interface Size {
  width: number;
  height: number;
}

/** The point of the drawing at the window's corner, and screen pixels a unit of it. */
export interface View {
  x: number;
  y: number;
  scale: number;
}

export const scaleMin = 0.005;
export const scaleMax = 3;
/** Smaller than this, words cannot be read and are not drawn. */
export const wordsFrom = 0.42;
const readable = 0.7;

const within = (value: number, least: number, most: number) => Math.max(least, Math.min(most, value));

/** The whole drawing in the window's middle. */
export function fitted(drawing: Size, window: Size): View {
  const scale = within(Math.min(window.width / drawing.width, window.height / drawing.height), scaleMin, 1);
  return { scale, x: (drawing.width - window.width / scale) / 2, y: (drawing.height - window.height / scale) / 2 };
}

/** How a graph is first shown: whole where its words can be read then, else its top. */
export function opening(drawing: Size, window: Size, top_x: number): View {
  const whole = fitted(drawing, window);
  if (whole.scale >= readable) return whole;
  const scale = within(window.width / drawing.width, readable, 1);
  const wide = drawing.width * scale > window.width;
  return { scale, x: wide ? top_x - window.width / scale / 2 : (drawing.width - window.width / scale) / 2, y: 0 };
}

/** Another scale at which the point under (`left`, `top`) of the window stays where it is. */
export function zoomed(view: View, factor: number, left: number, top: number): View {
  const scale = within(view.scale * factor, scaleMin, scaleMax);
  return { scale, x: view.x + left / view.scale - left / scale, y: view.y + top / view.scale - top / scale };
}

/** Keeps a part of the drawing in the window, however far it is dragged. */
export function kept(view: View, drawing: Size, window: Size): View {
  const edge = 80 / view.scale;
  return {
    scale: view.scale,
    x: within(view.x, edge - window.width / view.scale, drawing.width - edge),
    y: within(view.y, edge - window.height / view.scale, drawing.height - edge),
  };
}

/** The view that shows a point, moved only where the point is not well in sight. */
export function showing(view: View, x: number, y: number, window: Size): View {
  const scale = Math.max(view.scale, readable);
  const [across, down] = [window.width / scale, window.height / scale];
  const inSight = scale === view.scale && x > view.x + across * 0.12 && x < view.x + across * 0.88 && y > view.y + down * 0.12 && y < view.y + down * 0.88;
  return inSight ? view : { scale, x: x - across / 2, y: y - down / 2 };
}

export interface Sight {
  /** Names it: as long as it stays, what is drawn stays. */
  key: string;
  left: number;
  top: number;
  right: number;
  bottom: number;
  words: boolean;
}

/** What to draw for a view: the window and as much around it, in steps, so that little moves change nothing. */
export function sightOf(view: View, window: Size): Sight {
  const [across, down] = [window.width / view.scale, window.height / view.scale];
  const [column, row] = [Math.floor(view.x / (across / 2)), Math.floor(view.y / (down / 2))];
  const words = view.scale >= wordsFrom;
  return {
    key: `${column},${row},${view.scale},${words}`,
    left: ((column - 1) * across) / 2,
    right: ((column + 4) * across) / 2,
    top: ((row - 1) * down) / 2,
    bottom: ((row + 4) * down) / 2,
    words,
  };
}

export interface Boxes {
  widths: Float64Array;
  heights: Float64Array;
}

export function nodeAt(layered: Layered, boxes: Boxes, x: number, y: number): number | undefined {
  for (let i = 0; i < layered.x.length; i += 1) {
    if (Math.abs(x - layered.x[i]!) <= boxes.widths[i]! / 2 && Math.abs(y - layered.y[i]!) <= boxes.heights[i]! / 2) return i;
  }
  return undefined;
}

/** Where an arrow key leads: along what flows for up and down, to the neighbour of the layer for left and right. */
export function nextNode(drawn: Digest, layered: Layered, at: number, key: string): number | undefined {
  const nearest = (nodes: readonly number[]) => nodes.reduce<number | undefined>((best, each) => (best === undefined || Math.abs(layered.x[each]! - layered.x[at]!) < Math.abs(layered.x[best]! - layered.x[at]!) ? each : best), undefined);
  if (key === 'ArrowDown') return nearest(drawn.edges.filter((edge) => edge.from === at).map((edge) => edge.to));
  if (key === 'ArrowUp') return nearest(drawn.edges.filter((edge) => edge.to === at).map((edge) => edge.from));
  const side = key === 'ArrowLeft' ? -1 : 1;
  const beside: number[] = [];
  layered.layer.forEach((layer, each) => {
    if (layer === layered.layer[at] && (layered.x[each]! - layered.x[at]!) * side > 0) beside.push(each);
  });
  return nearest(beside);
}

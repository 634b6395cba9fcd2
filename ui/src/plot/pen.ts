/**
 * What charts are drawn with: the part of a canvas context that they need. A canvas is one, and so
 * is `SvgPen`, which is why a saved SVG is the chart that was on the screen and no second drawing.
 */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'closePath'
  | 'arc'
  | 'rect'
  | 'fill'
  | 'stroke'
  | 'clip'
  | 'fillRect'
  | 'fillText'
  | 'save'
  | 'restore'
  | 'setLineDash'
  | 'strokeStyle'
  | 'fillStyle'
  | 'lineWidth'
  | 'lineJoin'
  | 'globalAlpha'
  | 'font'
  | 'textAlign'
  | 'textBaseline'
>;

interface State {
  strokeStyle: Pen['strokeStyle'];
  fillStyle: Pen['fillStyle'];
  lineWidth: number;
  lineJoin: CanvasLineJoin;
  globalAlpha: number;
  font: string;
  textAlign: CanvasTextAlign;
  textBaseline: CanvasTextBaseline;
  dash: readonly number[];
  /** Number of the clip path that holds, 0 for none. */
  clip: number;
}

const fresh: State = {
  strokeStyle: '#000',
  fillStyle: '#000',
  lineWidth: 1,
  lineJoin: 'miter',
  globalAlpha: 1,
  font: '10px sans-serif',
  textAlign: 'start',
  textBaseline: 'alphabetic',
  dash: [],
  clip: 0,
};

const anchors: Partial<Record<CanvasTextAlign, string>> = { center: 'middle', right: 'end', end: 'end' };
const baselines: Partial<Record<CanvasTextBaseline, string>> = { middle: 'central', top: 'text-before-edge', bottom: 'text-after-edge' };

/** A tenth of a pixel is finer than anybody sees. */
const short = (value: number) => String(Math.round(value * 10) / 10);

export function escapeXml(text: string): string {
  // Control characters are not allowed in XML at all, not even escaped.
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, ' ').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

export class SvgPen implements Pen {
  strokeStyle = fresh.strokeStyle;
  fillStyle = fresh.fillStyle;
  lineWidth = fresh.lineWidth;
  lineJoin = fresh.lineJoin;
  globalAlpha = fresh.globalAlpha;
  font = fresh.font;
  textAlign = fresh.textAlign;
  textBaseline = fresh.textBaseline;
  private dash = fresh.dash;
  private clipping = fresh.clip;
  private down = 0;
  private path = '';
  private readonly saved: State[] = [];
  private readonly clips: string[] = [];
  private readonly parts: string[] = [];

  /** Moves what is drawn from now on down by so many pixels. */
  moveDown(by: number): void {
    this.down += by;
  }
  beginPath(): void {
    this.path = '';
  }
  moveTo(x: number, y: number): void {
    this.path += `M${short(x)} ${short(y + this.down)}`;
  }
  lineTo(x: number, y: number): void {
    this.path += `${this.path === '' ? 'M' : 'L'}${short(x)} ${short(y + this.down)}`;
  }
  closePath(): void {
    this.path += 'Z';
  }
  rect(x: number, y: number, width: number, height: number): void {
    this.path += `M${short(x)} ${short(y + this.down)}h${short(width)}v${short(height)}h${short(-width)}Z`;
  }
  /** Whole circles only, which is all that charts draw. */
  arc(x: number, y: number, radius: number): void {
    const r = short(radius);
    this.path += `M${short(x - radius)} ${short(y + this.down)}a${r} ${r} 0 1 0 ${short(2 * radius)} 0a${r} ${r} 0 1 0 ${short(-2 * radius)} 0Z`;
  }
  setLineDash(segments: Iterable<number>): void {
    this.dash = [...segments];
  }
  save(): void {
    this.saved.push(this.state());
  }
  restore(): void {
    const { dash, clip, ...styles } = this.saved.pop() ?? fresh;
    Object.assign(this, styles);
    this.dash = dash;
    this.clipping = clip;
  }
  clip(): void {
    this.clips.push(this.path);
    this.clipping = this.clips.length;
  }
  fill(): void {
    this.add(`<path d="${this.path}" fill="${String(this.fillStyle)}"`);
  }
  stroke(): void {
    const dash = this.dash.length > 0 ? ` stroke-dasharray="${this.dash.join(' ')}"` : '';
    this.add(`<path d="${this.path}" fill="none" stroke="${String(this.strokeStyle)}" stroke-width="${this.lineWidth}" stroke-linejoin="${this.lineJoin}"${dash}`);
  }
  fillRect(x: number, y: number, width: number, height: number): void {
    this.add(`<rect x="${short(x)}" y="${short(y + this.down)}" width="${short(width)}" height="${short(height)}" fill="${String(this.fillStyle)}"`);
  }
  fillText(text: string, x: number, y: number): void {
    const size = /([\d.]+)px/.exec(this.font)?.[1] ?? '10';
    const family = escapeXml(this.font.replace(/^.*?px\s*/, ''));
    const anchor = anchors[this.textAlign] ?? 'start';
    const baseline = baselines[this.textBaseline] ?? 'auto';
    this.add(
      `<text x="${short(x)}" y="${short(y + this.down)}" fill="${String(this.fillStyle)}" font-size="${size}" font-family="${family}" text-anchor="${anchor}" dominant-baseline="${baseline}"`,
      `>${escapeXml(text)}</text>`,
    );
  }

  /** The finished picture. */
  document(width: number, height: number, title: string): string {
    const clips = this.clips.map((path, i) => `<clipPath id="clip${i + 1}"><path d="${path}"/></clipPath>`).join('');
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><title>${escapeXml(title)}</title><defs>${clips}</defs>${this.parts.join('')}</svg>`;
  }

  private add(start: string, end = '/>'): void {
    const alpha = this.globalAlpha < 1 ? ` opacity="${this.globalAlpha}"` : '';
    const clip = this.clipping > 0 ? ` clip-path="url(#clip${this.clipping})"` : '';
    this.parts.push(start + alpha + clip + end);
  }
  private state(): State {
    const { strokeStyle, fillStyle, lineWidth, lineJoin, globalAlpha, font, textAlign, textBaseline } = this;
    return { strokeStyle, fillStyle, lineWidth, lineJoin, globalAlpha, font, textAlign, textBaseline, dash: this.dash, clip: this.clipping };
  }
}

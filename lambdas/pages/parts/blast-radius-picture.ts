import { Graph, layout } from '@dagrejs/dagre';
import type { BlastRadiusGraph } from '../../domain/plan/analysis-parts.ts';
import { counted } from '../../domain/plan/wording.ts';
import { type Html, html } from './html.ts';

type Node = BlastRadiusGraph['nodes'][number];

interface Look {
  readonly sign: string;
  /** The rest of the sentence "aws_instance.this …". */
  readonly says: string;
  /** The CSS class that sets the colour. Everything is drawn in the current colour. */
  readonly tone: 'add' | 'change' | 'remove' | 'quiet';
}

const LOOKS: Readonly<Record<Node['action'], Look>> = {
  delete: { sign: '−', says: 'is deleted', tone: 'remove' },
  replace: { sign: '±', says: 'is replaced', tone: 'remove' },
  unknown: { sign: '?', says: 'has an unknown action', tone: 'remove' },
  update: { sign: '~', says: 'is changed', tone: 'change' },
  create: { sign: '+', says: 'is created', tone: 'add' },
  depends: { sign: '→', says: 'depends on a change', tone: 'quiet' },
};

/** Sizes in pixels. All boxes have the same size, so that they line up in columns or rows. */
const CHARACTER_WIDTH = 6.8;
const PADDING = 10;
const SIGN_WIDTH = 17;
const LINE_HEIGHT = 16.5;
const LEAST_BOX_WIDTH = 110;
const MOST_CHARACTERS = 24;
const MARGIN = 3;
const GAP_BETWEEN_NEIGHBOURS = 14;
const GAP_BETWEEN_RANKS = 46;
/** The width of the page's column in pixels. A wider picture has to be scrolled. */
const COLUMN_WIDTH = 850;

/** The direction of the ranks: from left to right or, where that is too wide for the page, from top to bottom. */
type Direction = 'LR' | 'TB';

interface Size {
  readonly width: number;
  readonly height: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Box {
  readonly node: Node;
  /** The lines of text. The first one is in larger letters. */
  readonly lines: readonly string[];
  /** The middle of the box. */
  readonly center: Point;
}

interface Arrangement extends Size {
  readonly boxes: readonly Box[];
  readonly box: Size;
  readonly lines: readonly string[];
  readonly top: number;
}

/**
 * Draws what changes and what depends on it as SVG, in the page's own colours and without scripts. The picture can be
 * read without colours, and has a description for people who cannot see it. Returns undefined for an empty graph.
 */
export function blastRadiusPicture({ nodes, edges }: BlastRadiusGraph): Html | undefined {
  if (nodes.length === 0) return undefined;
  const { boxes, box, lines, top, width, height } = arrange(nodes, edges);
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="picture" role="img" aria-labelledby="blast-title blast-text" viewBox="0 ${top} ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">
<title id="blast-title">What changes and what depends on it</title>
<desc id="blast-text">${describe(nodes, edges)}</desc>
<defs><marker id="blast-arrow" class="quiet" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6.5" markerHeight="6.5" orient="auto-start-reverse"><path d="M0 .6 7.4 4 0 7.4z" fill="currentColor"/></marker></defs>
<g class="quiet" fill="none" stroke="currentColor" stroke-width="1.2" stroke-opacity="0.8">${lines.map((line) => html`<path d="${line}" marker-end="url(#blast-arrow)"/>`)}</g>
${boxes.map((each) => drawBox(each, box))}
</svg>`;
}

/** Returns the legend: the signs of the picture and their meaning. */
export function pictureLegend({ nodes }: BlastRadiusGraph): Html {
  const used = Object.entries(LOOKS).filter(([action]) => nodes.some((node) => node.action === action));
  return html`<ul class="legend">${used.map(
    ([, { sign, says, tone }]) =>
      html`<li><span class="sign ${tone}" aria-hidden="true">${sign}</span> ${says.replace(/^(?:is|has an) /, '')}</li>`,
  )}</ul>`;
}

function arrange(nodes: readonly Node[], edges: BlastRadiusGraph['edges']): Arrangement {
  const across = arrangeIn('LR', nodes, edges);
  if (across.width <= COLUMN_WIDTH) return across;
  const down = arrangeIn('TB', nodes, edges);
  return down.width < across.width ? down : across;
}

/**
 * Positions the boxes by ranks, from what changes to what depends on it. The results are annotated because the
 * declarations of dagre 3.1 do not resolve under "nodenext".
 */
function arrangeIn(rankdir: Direction, nodes: readonly Node[], edges: BlastRadiusGraph['edges']): Arrangement {
  const graph = new Graph();
  const [nodesep, ranksep] = [GAP_BETWEEN_NEIGHBOURS, GAP_BETWEEN_RANKS];
  graph.setGraph({ rankdir, nodesep, ranksep, marginx: MARGIN, marginy: MARGIN });
  const texts = textsOf(nodes);
  const box = boxSize(texts.map(({ lines }) => lines));
  for (const { id } of nodes) graph.setNode(id, { ...box });
  for (const { from, to } of edges) graph.setEdge(from, to, {});
  layout(graph);
  const boxes = texts.map((each): Box => {
    const { x, y }: Point = graph.node(each.node.id);
    return { ...each, center: { x, y } };
  });
  const router = new Router(rankdir, boxes, box);
  const ways = edges.map(({ from, to }) => {
    const { points = [] }: { points?: readonly Point[] } = graph.edge(from, to);
    return router.way(from, to, points);
  });
  // Edges that lead back may leave the area of the boxes.
  const around = ways.flatMap(({ reach }) => reach);
  const top = Math.floor(Math.min(0, ...around.map(({ y }) => y - MARGIN)));
  const right = Math.max(...around.map(({ x }) => x), ...boxes.map(({ center }) => center.x + box.width / 2));
  const bottom = Math.max(...around.map(({ y }) => y), ...boxes.map(({ center }) => center.y + box.height / 2));
  const [width, height] = [Math.ceil(right) + MARGIN, Math.ceil(bottom) + MARGIN - top];
  return { boxes, box, lines: ways.map(({ path }) => path), top, width, height };
}

/** Returns the lines for each node: its kind and its name, and its module where there is more than one module. */
function textsOf(nodes: readonly Node[]): Pick<Box, 'node' | 'lines'>[] {
  const hasOneModule = new Set(nodes.map(({ detail }) => detail)).size === 1;
  return nodes.map((node) => {
    const [, kind = node.label, name = ''] = /^([a-z]\w*)\.(.+)$/.exec(node.label) ?? [];
    const detail = node.isLoss
      ? [shortened(name, MOST_CHARACTERS - 13), 'data lost'].filter((part) => part !== '').join(' · ')
      : name;
    const lines = [shortened(kind), shortened(detail), ...(hasOneModule ? [] : [shortened(node.detail)])];
    return { node, lines: lines.filter((line) => line !== '') };
  });
}

function boxSize(texts: readonly (readonly string[])[]): Size {
  const characters = texts.flatMap((lines) => lines.map((line, at) => line.length * (at === 0 ? 1 : 0.94)));
  return {
    width: Math.max(LEAST_BOX_WIDTH, Math.round(Math.max(...characters) * CHARACTER_WIDTH + SIGN_WIDTH + 2 * PADDING)),
    height: Math.round(Math.max(...texts.map((lines) => lines.length)) * LINE_HEIGHT + PADDING + 2),
  };
}

/** Routes edges. They join boxes at the middle of a side, bend between ranks, and cross a rank in a straight line. */
class Router {
  readonly #isAcross: boolean;
  readonly #half: number;
  readonly #centers: ReadonlyMap<string, Point>;
  readonly #ranks: ReadonlySet<number>;

  constructor(direction: Direction, boxes: readonly Box[], { width, height }: Size) {
    this.#isAcross = direction === 'LR';
    this.#half = (this.#isAcross ? width : height) / 2;
    this.#centers = new Map(boxes.map(({ node, center }) => [node.id, center]));
    this.#ranks = new Set(boxes.map(({ center }) => Math.round(this.#along(center))));
  }

  /** Returns the path, and the points where it may leave the area of the boxes. */
  way(from: string, to: string, points: readonly Point[]): { path: string; reach: readonly Point[] } {
    const [start, end] = [this.#centers.get(from), this.#centers.get(to)];
    if (!start || !end || this.#along(end) <= this.#along(start)) return { path: lineThrough(points), reach: points };
    const passed = points.slice(1, -1).filter((point) => this.#ranks.has(Math.round(this.#along(point))));
    let at = this.#at(start, this.#half);
    let path = `M${shown(at)}`;
    for (const point of passed) {
      const [before, behind] = [this.#at(point, -this.#half), this.#at(point, this.#half)];
      path += `${this.#bend(at, before)} L${shown(behind)}`;
      at = behind;
    }
    return { path: path + this.#bend(at, this.#at(end, -this.#half)), reach: passed };
  }

  #along({ x, y }: Point): number {
    return this.#isAcross ? x : y;
  }

  /** Returns the point at a distance from another one, in the direction of the ranks. */
  #at({ x, y }: Point, distance: number): Point {
    return this.#isAcross ? { x: x + distance, y } : { x, y: y + distance };
  }

  #bend(from: Point, to: Point): string {
    const way = (this.#along(to) - this.#along(from)) / 2;
    return ` C${shown(this.#at(from, way))} ${shown(this.#at(to, -way))} ${shown(to)}`;
  }
}

const shown = ({ x, y }: Point): string => `${round(x)} ${round(y)}`;

/** Shortens a name in its middle, because its two ends say more. */
function shortened(text: string, most = MOST_CHARACTERS): string {
  if (text.length <= most) return text;
  const kept = Math.ceil((most - 1) / 2);
  return `${text.slice(0, kept)}…${text.slice(1 + kept - most)}`;
}

function drawBox({ node, lines, center }: Box, { width, height }: Size): Html {
  const { sign, tone } = LOOKS[node.action];
  const [x, y] = [round(center.x - width / 2), round(center.y - height / 2)];
  const left = x + PADDING + SIGN_WIDTH;
  const first = round(center.y - ((lines.length - 1) * LINE_HEIGHT) / 2 + 4.5);
  const dashes = node.action === 'depends' ? '4 3' : 'none';
  return html`<g class="${tone}"><title>${sentence(node)}</title>
<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="7" fill="currentColor" fill-opacity="0.07" stroke="currentColor" stroke-width="${node.isLoss ? 3 : 1.3}" stroke-dasharray="${dashes}"/>
<text x="${x + PADDING}" y="${first}" font-weight="700" font-size="14">${sign}</text>
${lines.map(
  (line, at) =>
    html`<text x="${left}" y="${round(first + at * LINE_HEIGHT)}"${at === 0 ? html` class="label"` : html` font-size="11"`}>${line}</text>
`,
)}</g>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** Returns a path through the points with rounded corners. */
function lineThrough(points: readonly Point[]): string {
  const [first, ...rest] = points.map(({ x, y }) => ({ x: round(x), y: round(y) }));
  const last = rest.pop();
  if (!first || !last) return '';
  let path = `M${first.x} ${first.y}`;
  for (const [at, point] of rest.entries()) {
    const next = rest[at + 1] ?? last;
    path += ` Q${point.x} ${point.y} ${round((point.x + next.x) / 2)} ${round((point.y + next.y) / 2)}`;
  }
  return `${path} L${last.x} ${last.y}`;
}

function sentence({ label, detail, action, isLoss, count }: Node): string {
  const says =
    count > 1
      ? LOOKS[action].says
          .replace(/^is /, 'are ')
          .replace(/^has /, 'have ')
          .replace(/^depends/, 'depend')
      : LOOKS[action].says;
  return `${label}${detail === '' ? '' : ` in ${detail}`} ${says}${isLoss ? '; data is lost' : ''}`;
}

/** Describes the picture in words: each box, and what depends on it. */
function describe(nodes: readonly Node[], edges: BlastRadiusGraph['edges']): string {
  const labels = new Map(nodes.map(({ id, label }) => [id, label]));
  const changed = nodes.filter(({ action }) => action !== 'depends');
  const dependents = nodes.reduce((sum, { action, count }) => sum + (action === 'depends' ? count : 0), 0);
  const parts = changed.map((node) => {
    const reached = edges.flatMap(({ from, to }) => (from === node.id ? (labels.get(to) ?? []) : []));
    return `${sentence(node)}${reached.length > 0 ? `, which reaches ${reached.slice(0, 6).join(', ')}${reached.length > 6 ? ' and more' : ''}` : ''}.`;
  });
  return [
    ...parts,
    ...(dependents > 0
      ? [`${counted(dependents, 'resource')} not changed ${dependents === 1 ? 'depends' : 'depend'} on them.`]
      : []),
  ].join(' ');
}

import { Graph, layout } from '@dagrejs/dagre';
import type { BlastRadiusGraph } from '../domain/plan/blast-radius-graph.ts';
import { type Html, html } from './html.ts';
import { counted } from './words.ts';

type Node = BlastRadiusGraph['nodes'][number];

interface Look {
  readonly sign: string;
  /** Completes "aws_instance.this …". */
  readonly says: string;
  /** Class of the page's colours; everything is drawn in the current colour. */
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

/** Pixels at natural size; the page may scale the picture. */
const CHARACTER_WIDTH = 7.4;
const PADDING = 12;
const SIGN_WIDTH = 18;
const LINE_HEIGHT = 18;
const MARGIN = 4;
const LEGEND_HEIGHT = 30;
const LEAST_WIDTH = 260;
const MOST_CHARACTERS = 36;

interface Box {
  readonly node: Node;
  readonly label: string;
  readonly detail: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * What changes and what depends on it, as SVG: readable without colours, without scripts, in the page's own colours,
 * and as a description for those who do not see it. Nothing for a plan that touches nothing.
 */
export function blastRadiusPicture({ nodes, edges }: BlastRadiusGraph): Html | undefined {
  if (nodes.length === 0) return undefined;
  const { boxes, lines, top, width, height } = arrange(nodes, edges);
  const total = Math.max(width, LEAST_WIDTH);
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="picture" role="img" aria-labelledby="blast-title blast-text" viewBox="0 ${top} ${total} ${height + LEGEND_HEIGHT}" width="${total}" height="${height + LEGEND_HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="currentColor">
<title id="blast-title">What changes and what depends on it</title>
<desc id="blast-text">${describe(nodes, edges)}</desc>
<defs><marker id="blast-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="currentColor"/></marker></defs>
<g class="quiet" fill="none" stroke="currentColor" stroke-width="1.2" stroke-opacity="0.75">${lines.map((line) => html`<path d="${line}" marker-end="url(#blast-arrow)"/>`)}</g>
${boxes.map(drawBox)}
<text class="quiet" x="${MARGIN}" y="${top + height + LEGEND_HEIGHT - 10}" font-size="12">${legend(nodes)}</text>
</svg>`;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Positions by layers, from what changes on the left to what depends on it on the right. The results are annotated
 * because the declarations of dagre 3.1 do not resolve under "nodenext".
 */
function arrange(nodes: readonly Node[], edges: BlastRadiusGraph['edges']) {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 46, marginx: MARGIN, marginy: MARGIN });
  const sized = nodes.map((node) => ({ node, ...sizeOf(node) }));
  for (const { node, width, height } of sized) graph.setNode(node.id, { width, height });
  for (const { from, to } of edges) graph.setEdge(from, to, {});
  layout(graph);
  const boxes = sized.map((box): Box => {
    const { x, y }: Point = graph.node(box.node.id);
    return { ...box, x: round(x - box.width / 2), y: round(y - box.height / 2) };
  });
  const ways = edges.map(({ from, to }) => {
    const { points = [] }: { points?: readonly Point[] } = graph.edge(from, to);
    return points;
  });
  // Edges that lead back may leave the space of the boxes.
  const around = ways.flat();
  const top = Math.floor(Math.min(0, ...around.map(({ y }) => y - MARGIN)));
  const right = Math.max(...around.map(({ x }) => x), ...boxes.map(({ x, width }) => x + width));
  const bottom = Math.max(...around.map(({ y }) => y), ...boxes.map(({ y, height }) => y + height));
  const [width, height] = [Math.ceil(right) + MARGIN, Math.ceil(bottom) + MARGIN - top];
  return { boxes, lines: ways.map(lineThrough), top, width, height };
}

function sizeOf(node: Node): Pick<Box, 'label' | 'detail' | 'width' | 'height'> {
  const label = shortened(node.label);
  const detail = shortened([node.detail, node.isLoss ? 'data is lost' : ''].filter((part) => part !== '').join(', '));
  const characters = Math.max(label.length, detail.length * 0.9);
  return {
    label,
    detail,
    width: Math.round(characters * CHARACTER_WIDTH + SIGN_WIDTH + 2 * PADDING),
    height: PADDING + LINE_HEIGHT * (detail === '' ? 1 : 2),
  };
}

/** The end of an address tells more than its beginning. */
const shortened = (text: string): string =>
  text.length > MOST_CHARACTERS ? `…${text.slice(1 - MOST_CHARACTERS)}` : text;

function drawBox({ node, label, detail, x, y, width, height }: Box): Html {
  const { sign, tone } = LOOKS[node.action];
  const dashes = node.action === 'depends' ? '4 3' : 'none';
  return html`<g class="${tone}"><title>${sentence(node)}</title>
<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="currentColor" fill-opacity="0.07" stroke="currentColor" stroke-width="${node.isLoss ? 3 : 1.4}" stroke-dasharray="${dashes}"/>
<text x="${x + PADDING}" y="${y + LINE_HEIGHT}" font-weight="700">${sign}</text>
<text x="${x + PADDING + SIGN_WIDTH}" y="${y + LINE_HEIGHT}">${label}</text>
${detail !== '' && html`<text x="${x + PADDING + SIGN_WIDTH}" y="${y + 2 * LINE_HEIGHT - 2}" font-size="11.5">${detail}</text>`}
</g>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** A line through the points, its corners softened. */
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

function legend(nodes: readonly Node[]): string {
  const used = Object.entries(LOOKS).filter(([action]) => nodes.some((node) => node.action === action));
  return used.map(([, { sign, says }]) => `${sign} ${says.replace(/^(?:is|has an) /, '')}`).join('   ');
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

/** The picture in words: each box, and what hangs on it. */
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

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { CONTENT_SECURITY_POLICY } from '../../../lambdas/pages/parts/style.ts';
import type { BoardAnswer, BoardRequest } from './messages.ts';

/** What every answer says to the browser: keep nothing, tell nobody, let no other site in. */
export const GUARDED: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  // With `no-referrer`, forms would not say which page they come from.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

const HTML = 'text/html; charset=utf-8';
/** Smaller texts gain nothing. */
const LEAST_COMPRESSED = 1000;

/** A page of the board: it loads its style and script from the board, and can send its forms and questions only there. */
export function pageAnswer(request: BoardRequest, base: string, page: string, status = 200): BoardAnswer {
  const here = `http://${request.headers.host}${base}/`;
  const policy = [
    "default-src 'none'",
    `style-src ${here}board.css`,
    `script-src ${here}board.js`,
    `connect-src ${here}`,
    `form-action ${here}`,
    'img-src data:',
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
  const etag = `"${createHash('sha256').update(page).digest('base64url')}"`;
  const headers = { ...GUARDED, 'content-type': HTML, 'content-security-policy': policy, etag };
  if (status === 200 && request.headers['if-none-match'] === etag) return { status: 304, headers, body: '' };
  return compressed(request, { status, headers, body: page });
}

/** A page that stands alone: for somebody who is not let in. */
export const lonePage = (page: string, status: number): BoardAnswer => ({
  status,
  headers: { ...GUARDED, 'content-type': HTML, 'content-security-policy': CONTENT_SECURITY_POLICY },
  body: page,
});

export const redirect = (path: string, headers: Readonly<Record<string, string>> = {}): BoardAnswer => ({
  status: 303,
  headers: { ...GUARDED, ...headers, location: path },
  body: '',
});

/** A part of every page. Its address changes with its content, so the browser may keep it. */
export const asset = (request: BoardRequest, type: string, text: string): BoardAnswer =>
  compressed(request, {
    status: 200,
    headers: { ...GUARDED, 'content-type': type, 'cache-control': 'private, max-age=31536000, immutable' },
    body: text,
  });

function compressed(request: BoardRequest, { status, headers, body }: BoardAnswer & { body: string }): BoardAnswer {
  const varied = { ...headers, vary: 'accept-encoding' };
  const mayBe = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  if (!mayBe || body.length < LEAST_COMPRESSED) return { status, headers: varied, body };
  return { status, headers: { ...varied, 'content-encoding': 'gzip' }, body: gzipSync(body) };
}

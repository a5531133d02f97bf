import { AwsError } from '../../door/wire.ts';

const DEFAULT_PAGE = 100;

/** Returns the page of a listing that the token names, and the token of the next page. */
export function takePage<T>(items: readonly T[], maxResults: number | undefined, nextToken: string | undefined) {
  const start = nextToken === undefined ? 0 : readPageToken(nextToken);
  const end = start + (maxResults || DEFAULT_PAGE);
  return { items: items.slice(start, end), nextToken: end < items.length ? pageToken(end) : undefined };
}

const pageToken = (start: number): string => Buffer.from(`page:${start}`).toString('base64');

function readPageToken(token: string): number {
  const match = /^page:(\d+)$/.exec(Buffer.from(token, 'base64').toString('utf8'));
  if (match) return Number(match[1]);
  throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
}

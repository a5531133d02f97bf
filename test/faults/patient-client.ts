import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 100;
/** Longest wait. It is for tests that hang: on a busy machine a promotion takes minutes. */
const PATIENCE_MS = 5 * 60_000;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Calls the API as the tooling of a team does: an answer of 429 or 5xx, and a lost connection, are tried again. Returns
 * the first other answer.
 */
export async function callPatiently(url: string, init: RequestInit = {}): Promise<Answer> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await attempt(url, init);
    if (answer && answer.status !== 429 && answer.status < 500) return answer;
    if (performance.now() > deadline)
      throw new Error(`${init.method ?? 'GET'} ${url}: ${JSON.stringify(answer)} for ${PATIENCE_MS / 1000} s`);
    await sleep(PAUSE_MS);
  }
}

async function attempt(url: string, init: RequestInit): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, init);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  } catch {
    return undefined;
  }
}

/** Waits until the look finds something. Throws after `patienceMs`, with what was seen instead. */
export async function waitFor<T>(
  what: () => string,
  look: () => T | undefined | Promise<T | undefined>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what()}`);
    await sleep(PAUSE_MS / 2);
  }
}

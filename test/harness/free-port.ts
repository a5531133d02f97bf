import { createServer } from 'node:net';

/** Below what systems hand out by themselves (from 32768 on Linux, from 49152 elsewhere), above well-known servers. */
const [FIRST, BEYOND] = [20_000, 32_000];

/**
 * A port nobody listens on now. Somebody may until it is used, but nobody gets it by asking for any port or by opening a
 * connection, which is what suites beside this one do all the time.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (BEYOND - FIRST));
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

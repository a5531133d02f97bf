import { createServer } from 'node:net';

/**
 * Ports below those that systems assign themselves (from 32768 on Linux, from 49152 elsewhere), above known servers.
 */
const [FIRST, BEYOND] = [20_000, 32_000];

/**
 * Returns a port that is free now. Another process may still take it before it is used, but no process gets it by
 * asking for any port or by opening a connection, which other suites do all the time.
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

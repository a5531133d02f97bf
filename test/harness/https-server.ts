import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A server on this machine that takes the place of a server on the internet. */
export interface HttpsServer {
  readonly url: string;
  /** The environment variables of a process that has to trust the server. */
  readonly environment: { readonly NODE_EXTRA_CA_CERTS: string };
  stop(): Promise<void>;
}

/**
 * Starts the server with a certificate of its own, which is also valid for the `host` whose place the server takes. The
 * certificate is written to `directory`.
 */
export async function startHttpsServer(
  directory: string,
  listener: RequestListener,
  host = 'localhost',
): Promise<HttpsServer> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: host }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: host },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  const certificate = join(directory, 'certificate.pem');
  writeFileSync(certificate, cert);
  const server = createServer({ cert, key }, listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return {
    url: `https://127.0.0.1:${address.port}`,
    environment: { NODE_EXTRA_CA_CERTS: certificate },
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { enginePlatform } from '../../../buildspecs/program/providers/platform.ts';
import { startHttpsServer } from '../../harness/https-server.ts';
import { createSigningKey } from './open-pgp.ts';

/** A registry of providers on this machine, in place of one on the internet. */
export interface Registry {
  /** Host in the names of its providers, as in `localhost:8443/acme/thing`. */
  readonly host: string;
  /** Environment variables with which an engine trusts the registry. */
  readonly environment: Readonly<Record<string, string>>;
  /** Types of the packages that were downloaded. */
  readonly downloads: string[];
  /** Offers the package in version 1.0.0 for every platform. With undefined, offers it no more. */
  offer(type: string, zip: Buffer | undefined): void;
  stop(): Promise<void>;
}

/** Starts an empty registry. Its certificate is written to the directory. */
export async function startRegistry(directory: string): Promise<Registry> {
  const key = createSigningKey();
  const packages = new Map<string, Buffer>();
  const downloads: string[] = [];
  const server = await startHttpsServer(directory, ({ method, url = '' }, response) => {
    if (url === '/.well-known/terraform.json') return sendJson(response, { 'providers.v1': '/v1/' });
    const [, type = '', what = ''] = /^\/v1\/acme\/([a-z]+)\/(.*)$/.exec(url) ?? [];
    const zip = packages.get(type);
    const [, os = '', arch = ''] = /^1\.0\.0\/download\/([a-z]+)\/([a-z0-9]+)$/.exec(what) ?? [];
    const sha256 = createHash('sha256')
      .update(zip ?? '')
      .digest('hex');
    const [file = '', suffix] = what.split('.zip');
    const sums = Buffer.from(`${sha256}  ${file}.zip\n`);
    if (!zip) response.writeHead(404).end();
    else if (what === 'versions')
      sendJson(response, { versions: [{ version: '1.0.0', protocols: ['5.0'], platforms: [{ os: OS, arch: ARCH }] }] });
    else if (os !== '') {
      const filename = `terraform-provider-${type}_1.0.0_${os}_${arch}.zip`;
      const at = `/v1/acme/${type}/${filename}`;
      sendJson(response, {
        protocols: ['5.0'],
        os,
        arch,
        filename,
        download_url: at,
        shasum: sha256,
        shasums_url: `${at}.sums`,
        shasums_signature_url: `${at}.sig`,
        signing_keys: { gpg_public_keys: [{ key_id: key.id, ascii_armor: key.armored }] },
      });
    } else if (suffix === '.sums') response.end(sums);
    else if (suffix === '.sig') response.end(key.sign(sums));
    else {
      if (method === 'GET') downloads.push(type);
      response.end(zip);
    }
  });
  return {
    host: `localhost:${new URL(server.url).port}`,
    environment: { SSL_CERT_FILE: server.environment.NODE_EXTRA_CA_CERTS },
    downloads,
    offer(type, zip) {
      if (zip) packages.set(type, zip);
      else packages.delete(type);
    },
    stop: server.stop,
  };
}

const [OS = '', ARCH = ''] = enginePlatform().split('_');

function sendJson(response: ServerResponse, content: object): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(content));
}

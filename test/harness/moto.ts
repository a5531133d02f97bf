import { spawnSync } from 'node:child_process';
import { type ServerProcess, startServer } from './server-process.ts';

/**
 * Returns whether moto is installed. It emulates AWS and is, where installed, a second check of the adapters' requests.
 */
export const isMotoInstalled = (): boolean => spawnSync('moto_server', ['--help']).status === 0;

export const startMoto = (): Promise<ServerProcess> =>
  startServer({ command: 'moto_server', args: (port) => ['-H', '127.0.0.1', '-p', String(port)] });

/** Returns the client configuration for an endpoint on this machine. */
export const clientAt = (endpoint: string) => ({
  endpoint,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

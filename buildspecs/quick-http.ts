import http from 'node:http';
import type { Plugin } from 'esbuild';

/**
 * Makes imports of node:http quick. The SDK imports it where an endpoint has no TLS, as in the local cloud. Node.js
 * then reads every property of node:http to find the names that it exports, including the properties that load fetch
 * and web sockets: some 30 ms of processor time in each build. With this plugin, those are loaded only when code uses
 * them.
 */
export const quickHttp: Plugin = {
  name: 'quick-http',
  setup(bundler) {
    bundler.onResolve({ filter: /^(node:)?http$/ }, ({ path }) => ({ path, namespace: 'quick-http' }));
    bundler.onLoad({ filter: /^/, namespace: 'quick-http' }, () => ({ contents: SOURCE }));
  },
};

const SOURCE = [
  "const http = process.getBuiltinModule('node:http');",
  'export default http;',
  ...Object.entries(Object.getOwnPropertyDescriptors(http))
    .filter(([, { value }]) => value !== undefined)
    .map(([name]) => `export const ${name} = http.${name};`),
].join('\n');
